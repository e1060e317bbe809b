//! The `Mcp-*` headers: found among the headers of a request, and compared with its body.
//!
//! They are a copy for machines that read no bodies. Whatever stands there has to be what the body
//! says, or two machines could see two requests; nothing else is ever taken from them. From
//! 2026-07-28 on they have to be there.

mod charset;
mod value;

use std::collections::BTreeSet;

use super::super::json_rpc::{Object, get};
use super::malformed::{HEADER_MISMATCH, INVALID_PARAMS, INVALID_REQUEST, Malformed, malformed};
use super::revision::Revision;
use crate::condition::Decimal;
use crate::data::mcp::NamedBy;
use crate::limits::{MCP_HEADER_BYTES_MAX, PARAM_HEADERS_MAX};
use crate::syntax::{Member, Value};
use crate::wire::excerpt;

const VERSION: &str = "MCP-Protocol-Version";
const METHOD: &str = "Mcp-Method";
const NAME: &str = "Mcp-Name";
const PARAM: &str = "Mcp-Param-";
const CONTENT_TYPE: &str = "Content-Type";
/// Where the body says its revision.
const VERSION_KEY: &str = "io.modelcontextprotocol/protocolVersion";

/// What the headers of a request say of its body.
#[derive(Debug, Default)]
pub struct Headers<'h> {
    /// Whether there are headers at all: a message on standard input has none.
    is_http: bool,
    version: Option<&'h [u8]>,
    method: Option<&'h [u8]>,
    name: Option<&'h [u8]>,
    params: Vec<(String, &'h [u8])>,
    /// A header that stands there twice.
    repeated: Option<String>,
    /// Whether the body may be meant in other letters than UTF-8.
    is_in_other_letters: bool,
}

/// What a body says that headers repeat.
#[derive(Debug, Default)]
pub(super) struct Says<'m, 'a> {
    pub(super) method: Option<&'m str>,
    pub(super) params: Option<&'m Object<'a>>,
    pub(super) is_request: bool,
    pub(super) named_by: Option<&'m NamedBy>,
}

impl<'h> Headers<'h> {
    /// For a transport without headers.
    pub fn none() -> Self {
        Self::default()
    }

    /// Picks out of all headers of a request, as names and values, those that matter.
    pub fn of(headers: impl IntoIterator<Item = (&'h [u8], &'h [u8])>) -> Self {
        let mut found = Self { is_http: true, ..Self::default() };
        for (name, value) in headers {
            let is = |wanted: &str| name.eq_ignore_ascii_case(wanted.as_bytes());
            let slot = if is(VERSION) {
                &mut found.version
            } else if is(METHOD) {
                &mut found.method
            } else if is(NAME) {
                &mut found.name
            } else if is(CONTENT_TYPE) {
                found.is_in_other_letters |= !charset::is_utf_8(value);
                continue;
            } else {
                if let Some((prefix, rest)) = name.split_at_checked(PARAM.len())
                    && prefix.eq_ignore_ascii_case(PARAM.as_bytes())
                {
                    found.params.push((String::from_utf8_lossy(rest).to_ascii_lowercase(), value));
                }
                continue;
            };
            if slot.replace(value).is_some() {
                found.repeated = Some(String::from_utf8_lossy(name).into_owned());
            }
        }
        let mut names = BTreeSet::new();
        for (name, _) in &found.params {
            if !names.insert(name) {
                found.repeated = Some(format!("{PARAM}{name}"));
            }
        }
        found
    }

    /// Whether the transport has no headers.
    pub(super) fn are_absent(&self) -> bool {
        !self.is_http
    }

    /// Compares with the body. What comes back is the revision that both mean.
    pub(super) fn agree(&self, body: &Says<'_, '_>) -> Result<Revision, Malformed> {
        if let Some(name) = &self.repeated {
            let message = format!("header `{}` is there twice", excerpt(name));
            return malformed("mcp-header-repeated", HEADER_MISMATCH, message);
        }
        if self.is_in_other_letters {
            let message = format!("header `{CONTENT_TYPE}` names a charset other than UTF-8");
            return malformed("mcp-charset", INVALID_REQUEST, message);
        }
        let revision = self.version(body)?;
        // Notifications and answers need no headers, in no revision.
        let is_required = self.is_http && body.is_request && revision.is_stateless();
        match self.method {
            Some(value) => same(METHOD, value::plain(METHOD, value)?, body.method)?,
            None if is_required => return missing(METHOD),
            None => {}
        }
        let parameter = body.named_by.map_or("name", |by| by.parameter);
        let named = body.params.and_then(|params| params.get(parameter)).and_then(|node| node.as_str());
        match self.name {
            Some(value) => same(NAME, &value::decoded(NAME, value)?, named)?,
            None if is_required && named.is_some() && body.named_by.is_some_and(|by| by.is_required) => {
                return missing(NAME);
            }
            None => {}
        }
        self.arguments(body.params)?;
        Ok(revision)
    }

    fn version(&self, body: &Says<'_, '_>) -> Result<Revision, Malformed> {
        let written = match body.params.and_then(|params| params.get("_meta")).map(|meta| &meta.value) {
            None => None,
            Some(Value::Object(meta)) => match get(meta, VERSION_KEY).map(|node| &node.value) {
                None => None,
                Some(Value::String(version)) => Some(version.as_ref()),
                Some(
                    Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_),
                ) => {
                    let message = format!("`{VERSION_KEY}` is not a string");
                    return malformed("mcp-wrong-type", INVALID_PARAMS, message);
                }
            },
            Some(Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_)) => {
                return malformed("mcp-wrong-type", INVALID_PARAMS, "`_meta` is not an object");
            }
        };
        let header = self.version.map(|value| value::plain(VERSION, value)).transpose()?;
        if let (Some(header), Some(_)) = (header, written) {
            same(VERSION, header, written)?;
        }
        let Some(says) = written.or(header) else {
            return Ok(Revision::ASSUMED);
        };
        let Some(revision) = Revision::parse(says) else {
            return Err(Malformed::unsupported(&excerpt(says)));
        };
        if self.is_http && body.is_request && revision.is_stateless() {
            match (header, written) {
                (None, _) => return missing(VERSION),
                (Some(header), None) => same(VERSION, header, None)?,
                (Some(_), Some(_)) => {}
            }
        }
        Ok(revision)
    }

    /// `Mcp-Param-*` repeat arguments. Which ones, only the schema of the tool says; what none of the
    /// arguments says is a contradiction in any case.
    fn arguments(&self, params: Option<&Object<'_>>) -> Result<(), Malformed> {
        if self.params.is_empty() {
            return Ok(());
        }
        if self.params.len() > PARAM_HEADERS_MAX {
            let message = format!("more than {PARAM_HEADERS_MAX} `{PARAM}*` headers");
            return malformed("mcp-header-bad-value", HEADER_MISMATCH, message);
        }
        let arguments = params.and_then(|params| params.get("arguments")).and_then(|node| node.as_object());
        let spoken = Spoken::of(arguments.unwrap_or_default());
        for (name, value) in &self.params {
            let header = format!("{PARAM}{}", excerpt(name));
            let value = value::decoded(&header, value)?;
            if !spoken.says(&value) {
                let message = format!(
                    "Header mismatch: {header} header value `{}` is no argument of the body",
                    excerpt(&value)
                );
                return malformed("mcp-header-mismatch", HEADER_MISMATCH, message);
            }
        }
        Ok(())
    }
}

/// The values that headers may repeat: of arguments, and of objects in them, but not of arrays.
#[derive(Default)]
struct Spoken<'m> {
    texts: BTreeSet<&'m str>,
    numbers: BTreeSet<Decimal>,
}

impl<'m> Spoken<'m> {
    fn of(arguments: &'m [Member<'_>]) -> Self {
        let mut found = Self::default();
        let mut open = vec![arguments];
        while let Some(members) = open.pop() {
            for member in members {
                match &member.value.value {
                    Value::String(text) => {
                        found.texts.insert(text);
                    }
                    Value::Bool(is) => {
                        found.texts.insert(if *is { "true" } else { "false" });
                    }
                    Value::Number(written) => {
                        found.numbers.extend(Decimal::parse(written));
                    }
                    Value::Object(members) => open.push(members),
                    Value::Null | Value::Array(_) => {}
                }
            }
        }
        found
    }

    fn says(&self, value: &str) -> bool {
        self.texts.contains(value)
            || Decimal::parse(value).is_some_and(|number| self.numbers.contains(&number))
    }
}

fn same(header: &str, value: &str, body: Option<&str>) -> Result<(), Malformed> {
    if body == Some(value) {
        return Ok(());
    }
    let value = excerpt(value);
    let message = match body {
        Some(body) => {
            format!(
                "Header mismatch: {header} header value `{value}` does not match body value `{}`",
                excerpt(body)
            )
        }
        None => format!("Header mismatch: {header} header value `{value}`, and the body has no such value"),
    };
    malformed("mcp-header-mismatch", HEADER_MISMATCH, message)
}

fn missing<T>(header: &str) -> Result<T, Malformed> {
    let message = format!("Header mismatch: required {header} header is missing");
    malformed("mcp-header-missing", HEADER_MISMATCH, message)
}

/// Whether a value is too long to be looked at.
fn is_too_long(value: &[u8]) -> bool {
    value.len() > MCP_HEADER_BYTES_MAX
}
