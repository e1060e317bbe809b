//! The input of the tool `http`, and the `http` member of a call, to a request.
//!
//! As strict as the reader of calls: an unknown member may be one that a later version acts on.

use core::net::IpAddr;

use super::{Body, Fault, HttpHead, address};
use crate::exchange::{Hiding, Resolved};
use crate::limits::RESOLVED_IPS_MAX;
use crate::syntax::{Member, Node, Value};

/// A request as it was given, nothing of it understood yet.
#[derive(Debug)]
pub(crate) struct Request<'a> {
    pub(crate) method: &'a str,
    pub(crate) scheme: &'a str,
    pub(crate) authority: &'a str,
    pub(crate) path: &'a str,
    /// `None`: those of an inner call, which were decided with the outer one.
    pub(crate) headers: Option<Vec<(&'a str, &'a str)>>,
    /// The whole body, where the caller has it.
    pub(crate) body: Option<Body<'a>>,
    /// What the name of the host leads to, where somebody asked.
    pub(crate) resolved_ips: Option<Vec<IpAddr>>,
    /// Whether the caller asks again once it knows the addresses, before anything is sent to them.
    pub(crate) resolves_later: bool,
    /// What is paid with the request, for whoever understands payments.
    pub(crate) payment: Option<&'a Node<'a>>,
    /// How credentials among the headers are told to others; `None` where they came as somebody told them.
    pub(crate) hiding: Option<Hiding<'a>>,
}

/// Whose members are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Of {
    /// The tool `http`.
    Tool,
    /// The `http` member of an inner call.
    Member,
}

fn fault<T>(code: &'static str, message: impl Into<String>) -> Result<T, Fault> {
    Err(Fault::new(code, message))
}

impl<'a> Request<'a> {
    /// Reads the input of the tool `http`.
    pub(crate) fn read(input: &'a [Member<'_>]) -> Result<Self, Fault> {
        Self::from_members(input, Of::Tool)
    }

    /// Reads the `http` member of a call.
    pub(crate) fn read_member(members: &'a [Member<'_>]) -> Result<Self, Fault> {
        Self::from_members(members, Of::Member)
    }

    /// A request that was never text. The headers are those that a call has.
    pub(crate) fn of(
        head: &HttpHead<'a>,
        headers: Vec<(&'a str, &'a str)>,
        body: Option<&'a [u8]>,
        resolved: Resolved<'_>,
        hiding: Hiding<'a>,
    ) -> Result<Self, Fault> {
        let (resolved_ips, resolves_later) = match resolved {
            Resolved::Unknown => (None, false),
            Resolved::Later => (None, true),
            Resolved::To(texts) => (Some(parsed(texts.iter().map(|text| Some(text.as_str())))?), false),
        };
        Ok(Self {
            method: head.method,
            scheme: head.scheme,
            authority: head.authority,
            path: head.path,
            headers: Some(headers),
            body: body.map(Body::of),
            resolved_ips,
            resolves_later,
            payment: None,
            hiding: Some(hiding),
        })
    }

    fn from_members(members: &'a [Member<'_>], of: Of) -> Result<Self, Fault> {
        let (mut method, mut scheme, mut authority, mut path) = (None, None, None, None);
        let mut resolves_later = false;
        let (mut headers, mut body, mut resolved_ips, mut payment) = (None, None, None, None);
        for Member { key, value, .. } in members {
            match (key.as_ref(), of) {
                ("method", _) => method = Some(text("method", value)?),
                ("scheme", _) => scheme = Some(text("scheme", value)?),
                ("authority", _) => authority = Some(text("authority", value)?),
                ("path", _) => path = Some(text("path", value)?),
                ("resolvedIps", _) => resolved_ips = Some(addresses(value)?),
                ("resolvesLater", _) => resolves_later = truth("resolvesLater", value)?,
                ("headers", Of::Tool) => headers = Some(self::headers(value)?),
                ("body" | "bodyBase64", Of::Tool) => {
                    if body.is_some() {
                        return fault("http-bad-body", "Request has both `body` and `bodyBase64`.");
                    }
                    body = Some(self::body(key, value)?);
                }
                ("payment", _) => payment = Some(value),
                (unknown, Of::Tool | Of::Member) => {
                    let message = format!("Request has an unknown member `{}`.", unknown.escape_debug());
                    return fault("http-unknown-field", message);
                }
            }
        }
        let missing = |name| Fault::new("http-missing-field", format!("Request has no member `{name}`."));
        let headers = match of {
            Of::Tool => Some(headers.ok_or_else(|| missing("headers"))?),
            Of::Member => None,
        };
        Ok(Self {
            method: method.ok_or_else(|| missing("method"))?,
            scheme: scheme.ok_or_else(|| missing("scheme"))?,
            authority: authority.ok_or_else(|| missing("authority"))?,
            path: path.ok_or_else(|| missing("path"))?,
            headers,
            body,
            resolved_ips,
            resolves_later,
            payment,
            hiding: None,
        })
    }

    /// All but the body.
    pub(crate) fn head(&self) -> HttpHead<'_> {
        HttpHead {
            method: self.method,
            scheme: self.scheme,
            authority: self.authority,
            path: self.path,
            headers: self.headers.as_deref().unwrap_or_default(),
        }
    }
}

fn wrong<T>(name: &str, wanted: &str) -> Result<T, Fault> {
    fault("http-wrong-type", format!("Member `{name}` of the request is not {wanted}."))
}

fn text<'a>(name: &str, node: &'a Node<'_>) -> Result<&'a str, Fault> {
    node.as_str().map_or_else(|| wrong(name, "a text"), Ok)
}

fn truth(name: &str, node: &Node<'_>) -> Result<bool, Fault> {
    let Value::Bool(truth) = node.value else { return wrong(name, "true or false") };
    Ok(truth)
}

fn headers<'a>(node: &'a Node<'_>) -> Result<Vec<(&'a str, &'a str)>, Fault> {
    let pair = |entry: &'a Node<'_>| match entry.as_array()? {
        [name, value] => Some((name.as_str()?, value.as_str()?)),
        _ => None,
    };
    let pairs = node.as_array().and_then(|entries| entries.iter().map(pair).collect());
    pairs.map_or_else(|| wrong("headers", "a list of pairs of texts"), Ok)
}

fn body<'a>(name: &str, node: &'a Node<'_>) -> Result<Body<'a>, Fault> {
    let text = text(name, node)?;
    if name == "body" {
        return Ok(Body::text(text));
    }
    let body = Body::base64(text);
    body.map_or_else(|| fault("http-bad-body", "Member `bodyBase64` of the request is not base64."), Ok)
}

fn addresses(node: &Node<'_>) -> Result<Vec<IpAddr>, Fault> {
    let Value::Array(entries) = &node.value else {
        return wrong("resolvedIps", "a list of texts");
    };
    parsed(entries.iter().map(Node::as_str))
}

fn parsed<'t>(texts: impl ExactSizeIterator<Item = Option<&'t str>>) -> Result<Vec<IpAddr>, Fault> {
    if texts.len() > RESOLVED_IPS_MAX {
        let message = format!("Request has more than {RESOLVED_IPS_MAX} addresses.");
        return fault("addresses-malformed", message);
    }
    let addresses = texts.map(|text| address(text?)).collect::<Option<Vec<_>>>();
    addresses.map_or_else(
        || {
            fault(
                "addresses-malformed",
                "Member `resolvedIps` of the request has an entry that is no IP address.",
            )
        },
        Ok,
    )
}
