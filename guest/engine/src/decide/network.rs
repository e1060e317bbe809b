//! May the request over HTTP be made? (H1 to H7, 15.10 to 15.13)
//!
//! What cannot be read is denied, and nothing else is said of it. Of what can be read, each list gives
//! its own reason; one that denies is enough. Reasons name hosts, methods and the policy's own
//! patterns, never the value of a header, a query or a body.

mod asks;

use core::net::{IpAddr, Ipv4Addr};

use crate::call::{Call, HTTP_TOOL};
use crate::carried::Carried;
use crate::decision::{Access, Layer, Outcome, Reason, Rule, Unseen};
use crate::http::{
    self, Authority, BodyWanted, Fault, Forward, Framing, Host, HttpHead, Request, Scheme, Target,
};
use crate::limits::{HTTP_BODY_BYTES_MAX, HTTP_METHOD_BYTES_MAX};
use crate::network::Governing;
use crate::policy::Policy;
use crate::wire::excerpt;

/// What the section says of a request.
#[derive(Debug, Default)]
pub(crate) struct Said<'p> {
    /// Never empty: it is allowed, or here is why not.
    pub(crate) reasons: Vec<Reason>,
    /// What to forward, if the request could be read.
    pub(crate) forward: Option<Forward>,
    /// The rule that decides the host, if one does.
    pub(crate) matched: Option<Governing<'p>>,
    /// What it needs; a request that could not be read is denied, whatever it needs.
    access: Option<Access>,
    /// What is not known of its body.
    pub(super) unseen: Unseen,
}

impl Said<'_> {
    fn deny(&mut self, code: &'static str, message: String, rule: Option<&Rule>) {
        self.reasons.push(reason(Outcome::Deny, code, message, rule));
    }

    fn fault(&mut self, fault: Fault) {
        self.deny(fault.code, fault.message, None);
    }
}

pub(super) fn reason(outcome: Outcome, code: &'static str, message: String, rule: Option<&Rule>) -> Reason {
    Reason { outcome, layer: Layer::Network, code: code.into(), message, rule: rule.cloned(), part: None }
}

/// The request that a call makes or came in, if it has to do with one.
pub(super) fn request<'c>(call: &'c Call<'_>) -> Option<Result<Request<'c>, Fault>> {
    if call.tool_name == HTTP_TOOL {
        return Some(Request::read(&call.tool_input));
    }
    call.http.as_ref().map(|members| Request::read_member(members))
}

impl Said<'_> {
    /// The access that the tool `http` needs. Messages of MCP that call no tool are what a connection
    /// needs, and not what the agent does.
    pub(super) fn access(&self, carried: &Carried<'_>) -> Access {
        self.access.filter(|_| !carried.is_protocol()).unwrap_or(Access::Tool)
    }
}

/// The access of a method. One that nobody knows writes.
fn access(request: &Request<'_>) -> Access {
    match request.method {
        "GET" | "HEAD" | "OPTIONS" => Access::Read,
        method if is_connect(method) => Access::Execute,
        _ => Access::Write,
    }
}

/// Servers that do not mind the letter case would open the tunnel.
fn is_connect(method: &str) -> bool {
    method.eq_ignore_ascii_case("CONNECT")
}

/// Decides what was read, or was not.
pub(super) fn decide<'p>(policy: &'p Policy, request: &Result<Request<'_>, Fault>) -> Said<'p> {
    match request {
        Ok(request) => decide_understood(policy, request, &understand(&request.head())),
        Err(fault) => refused(fault),
    }
}

/// Nothing but why it cannot be read.
pub(crate) fn refused<'p>(fault: &Fault) -> Said<'p> {
    let mut said = Said::default();
    said.fault(fault.clone());
    said
}

/// The same of a request whose head was understood before.
pub(crate) fn decide_understood<'p>(
    policy: &'p Policy,
    request: &Request<'_>,
    read: &Result<Understood<'_>, Fault>,
) -> Said<'p> {
    let mut said = Said::default();
    match read {
        Err(fault) => said.fault(fault.clone()),
        Ok(read) => {
            said.forward = Some(read.forward());
            said.access = Some(access(request));
            match &policy.network {
                Some(network) => {
                    asks::ask(policy, network, request, read, &mut said);
                    said.unseen = read.unseen(request, said.matched.as_ref());
                }
                None => {
                    let message = "Policy has no network section, so no host may be reached.";
                    said.deny("network-absent", message.to_owned(), None);
                }
            }
        }
    }
    if said.reasons.is_empty() {
        let allowed = said.matched.map(|own| own.host);
        let host = allowed.map_or("", |rule| rule.pattern.as_str());
        let message = format!("Request matches allowed host \"{host}\".");
        said.reasons.push(reason(Outcome::Allow, "host-allowed", message, allowed));
    }
    said
}

/// A request whose parts are understood.
#[derive(Debug)]
pub(crate) struct Understood<'a> {
    method: &'a str,
    scheme: Scheme,
    authority: Authority,
    /// `None`: CONNECT has no path.
    target: Option<Target<'a>>,
    framing: Framing,
}

/// The code of a request whose body has to be seen, and did not come with the call.
pub(crate) const BODY_MISSING: &str = "body-missing";

/// The code of a request whose body is longer than anybody reads.
pub(crate) const BODY_TOO_LARGE: &str = "body-too-large";

/// Why nobody can be asked about a request: its code, and a sentence.
pub(crate) fn unseen(what: Unseen) -> (&'static str, &'static str) {
    if what.is_too_long {
        let message = "Request announces a body that is too long to be shown, and nobody is asked to approve \
                       what they cannot see.";
        return (BODY_TOO_LARGE, message);
    }
    let message = "Request announces a body that did not come with the call, and nobody is asked to approve \
                   what they cannot see.";
    (BODY_MISSING, message)
}

impl Understood<'_> {
    /// What the call does not say of the body.
    fn unseen(&self, request: &Request<'_>, governing: Option<&Governing<'_>>) -> Unseen {
        // An inner call has no body: it was decided where it came in.
        if request.headers.is_none() || request.body.is_some() {
            return Unseen::default();
        }
        let longest = governing
            .filter(|_| self.may_have_body())
            .map(|own| own.max_body_bytes().unwrap_or(HTTP_BODY_BYTES_MAX));
        let is_too_long = longest.zip(self.framing.length).is_some_and(|(most, length)| length > most);
        Unseen {
            is_announced: self.framing.announces_body(),
            is_too_long,
            longest: longest.filter(|_| !is_too_long),
        }
    }

    /// Whether a body may come that has an end: behind a tunnel there is none.
    fn may_have_body(&self) -> bool {
        !is_connect(self.method) && !self.framing.upgrades && self.framing.length != Some(0)
    }

    fn forward(&self) -> Forward {
        match &self.target {
            Some(target) => Forward { authority: self.authority.text(self.scheme), path: target.text() },
            None => Forward { authority: self.authority.full_text(), path: String::new() },
        }
    }
}

/// Reads the head of a request, or says why nobody should.
pub(crate) fn understand<'a>(head: &HttpHead<'a>) -> Result<Understood<'a>, Fault> {
    understand_with(head, head.headers)
}

/// The same with other headers.
pub(crate) fn understand_with<'a>(
    head: &HttpHead<'a>,
    headers: &[(&str, &str)],
) -> Result<Understood<'a>, Fault> {
    let HttpHead { method, scheme, authority, path, .. } = *head;
    if method.len() > HTTP_METHOD_BYTES_MAX || !http::is_token(method) {
        return Err(Fault::new("method-malformed", "Method of the request is not a token."));
    }
    let Some(scheme) = Scheme::parse(scheme) else {
        return Err(Fault::new("http-bad-scheme", "Scheme of the request is neither `http` nor `https`."));
    };
    if !is_connect(method) {
        let authority = Authority::parse(authority, scheme)?;
        let target = Some(Target::parse(path)?);
        let framing = http::headers(headers, &authority, scheme)?;
        return Ok(Understood { method, scheme, authority, target, framing });
    }
    let authority = Authority::parse_tunnel(authority)?;
    if !path.is_empty() && Authority::parse_tunnel(path).as_ref() != Ok(&authority) {
        let message = "Target of the CONNECT is not the authority of the request.";
        return Err(Fault::new("path-not-origin-form", message));
    }
    // `Host` may leave out the port that its scheme has.
    let scheme_of_port = if authority.port == 80 { Scheme::Http } else { Scheme::Https };
    let framing = http::headers(headers, &authority, scheme_of_port)?;
    Ok(Understood { method, scheme, authority, target: None, framing })
}

/// How much of the body a decision about a request with this head needs.
pub(crate) fn body_wanted(policy: &Policy, read: &Understood<'_>, headers: &[(&str, &str)]) -> BodyWanted {
    let governing = policy.network.as_ref().and_then(|network| network.governing(&read.authority));
    let Some(governing) = governing.filter(|_| read.may_have_body()) else { return BodyWanted::None };
    let governing = read.target.as_ref().map_or(governing, |target| governing.at(target));
    let reads = reads_body(policy, &governing, headers);
    let Some(bound) = bound(&governing, reads) else { return BodyWanted::None };
    match read.framing.length {
        // A length that is declared is enough to judge it by: no server reads more than that.
        Some(length) if length > bound || !reads => BodyWanted::None,
        Some(_) | None => BodyWanted::UpTo(bound),
    }
}

/// Whether the body has to be read for more than its length. Of model APIs only answers are read.
fn reads_body(policy: &Policy, governing: &Governing<'_>, headers: &[(&str, &str)]) -> bool {
    policy.looks.body || governing.reads_body() || governing.unread(headers).is_some()
}

/// The longest body that may come, if there is a bound: what is read has one.
fn bound(governing: &Governing<'_>, reads: bool) -> Option<u64> {
    governing.max_body_bytes().or_else(|| reads.then_some(HTTP_BODY_BYTES_MAX))
}

/// Every address that the host is known to have.
fn known_addresses(host: &Host, resolved: &[IpAddr]) -> Vec<IpAddr> {
    let own = match host {
        Host::Address(address) => Some(*address),
        Host::Name(_) => host.is_localhost().then_some(IpAddr::V4(Ipv4Addr::LOCALHOST)),
    };
    own.into_iter().chain(resolved.iter().copied()).collect()
}

/// The host as a message shows it.
fn shown(host: &Host) -> String {
    excerpt(&host.to_string()).into_owned()
}
