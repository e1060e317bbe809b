//! What a sidecar has to know of a policy: whose it is, and what Envoy wants as lists.
//!
//! The engine has read the document before, strictly. This reads a few of its members again, as JSON,
//! and keeps its text unchanged, because its digest is that of the text.

use serde_json::Value;
use thiserror::Error;

use super::Https;

/// A policy's text, and what of it is needed here.
#[derive(Clone, Debug)]
pub struct Document {
    agent_id: String,
    text: String,
    value: Value,
}

/// A policy cannot be put into a sidecar.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum DocumentError {
    /// It is not JSON.
    #[error("a sidecar takes its policy as JSON: write `{name}` as JSON")]
    NotJson {
        /// Which file.
        name: String,
        /// Why not.
        source: serde_json::Error,
    },
    /// Its agent cannot be the name of a file.
    #[error("`agentId` is `{agent_id}`: a sidecar needs one of letters, digits, `.`, `_` and `-`")]
    AgentId {
        /// The name.
        agent_id: String,
    },
}

impl Document {
    /// Reads a document that the engine took. `name` is for messages.
    ///
    /// # Errors
    ///
    /// Where it is YAML, or where the agent's name cannot be one of a file.
    pub fn new(name: &str, agent_id: &str, text: String) -> Result<Self, DocumentError> {
        let value = serde_json::from_str(&text)
            .map_err(|source| DocumentError::NotJson { name: name.to_owned(), source })?;
        let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        if agent_id.is_empty() || agent_id.starts_with(['.', '-']) || !agent_id.chars().all(plain) {
            return Err(DocumentError::AgentId { agent_id: agent_id.escape_debug().to_string() });
        }
        Ok(Self { agent_id: agent_id.to_owned(), text, value })
    }

    /// Whose policy it is.
    pub fn agent_id(&self) -> &str {
        &self.agent_id
    }

    /// The text as it was read.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The document as a value, for whoever cannot take the text.
    pub const fn value(&self) -> &Value {
        &self.value
    }

    /// What `transport.httpsInspection` says; refused where it says nothing.
    pub fn https(&self) -> Https {
        match self.value.pointer("/transport/httpsInspection").and_then(Value::as_str) {
            Some("sni-only") => Https::SniOnly,
            Some("tls-origination") => Https::TlsOrigination,
            Some(_) | None => Https::Refuse,
        }
    }

    /// Names whose TLS may be passed on unseen, as `a.example` or `*.example`. Others are left out: what
    /// is not listed is refused.
    pub fn passthrough(&self) -> Vec<String> {
        self.listed_names().0
    }

    /// Names that are listed and refused all the same: the policy denies them, or one below them. Nobody
    /// could say which of the names below it a connection is for and pass on the others.
    pub fn withheld(&self) -> Vec<String> {
        self.listed_names().1
    }

    fn listed_names(&self) -> (Vec<String>, Vec<String>) {
        let denied: Vec<String> =
            self.list("/network/denyHosts").chain(self.list("/transport/network/egressDeny")).collect();
        let listed = self.list("/transport/tlsPassthrough").map(|host| without_dot(&host).to_owned());
        listed
            .filter(|host| is_name(host.strip_prefix("*.").unwrap_or(host)))
            .partition(|host| !denied.iter().any(|entry| speaks_of(entry, host)))
    }

    /// Hosts with a name of their own that the policy allows, without ports; and what it allows beside
    /// them, which is patterns and addresses.
    pub fn hosts(&self) -> (Vec<String>, Vec<String>) {
        let mut hosts: Vec<String> = self
            .list("/network/allowHosts")
            .chain(self.list("/transport/network/egressAllow"))
            .chain(self.rules().flat_map(|rule| strings(rule.get("hosts"))))
            .collect();
        hosts.sort();
        hosts.dedup();
        hosts.into_iter().partition(|host| is_name(host))
    }

    /// The longest body that a request may have where the policy looks at bodies, as far as it says so.
    pub fn largest_body(&self) -> u64 {
        let rules = self.rules().filter_map(|rule| rule.get("maxBodyBytes"));
        let all = self.value.pointer("/network/maxBodyBytes").into_iter().chain(rules);
        all.filter_map(Value::as_u64).max().unwrap_or_default()
    }

    fn rules(&self) -> impl Iterator<Item = &Value> {
        self.value.pointer("/network/rules").and_then(Value::as_array).into_iter().flatten()
    }

    fn list(&self, pointer: &str) -> impl Iterator<Item = String> + use<'_> {
        strings(self.value.pointer(pointer))
    }
}

fn strings(value: Option<&Value>) -> impl Iterator<Item = String> + use<'_> {
    value
        .and_then(Value::as_array)
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .map(str::to_ascii_lowercase)
}

/// Whether a denial speaks of TLS to this name, or to one below it where it stands for those.
fn speaks_of(denial: &str, name: &str) -> bool {
    let denied = match denial.rsplit_once(':') {
        Some((host, "*" | "443")) => host,
        // Of another port; or an address, which is no name.
        Some(_) => return false,
        None => denial,
    };
    let denied = without_dot(denied);
    let below = |name: &str, of: &str| name.strip_suffix(of).is_some_and(|front| front.ends_with('.'));
    match (name.strip_prefix("*."), denied.strip_prefix("*.")) {
        _ if denied == "*" => true,
        (None, None) => name == denied,
        (None, Some(denied)) => below(name, denied),
        (Some(name), None) => below(denied, name),
        (Some(name), Some(denied)) => name == denied || below(name, denied) || below(denied, name),
    }
}

/// One dot at the end of a name says nothing.
fn without_dot(host: &str) -> &str {
    host.strip_suffix('.').unwrap_or(host)
}

/// A name with a dot, of letters, digits and hyphens; no address, since the last label begins with a
/// letter.
fn is_name(host: &str) -> bool {
    let label = |label: &str| {
        !label.is_empty()
            && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    host.contains('.')
        && host.split('.').all(label)
        && host.rsplit('.').next().is_some_and(|top| top.starts_with(|c: char| c.is_ascii_alphabetic()))
}

#[cfg(test)]
mod tests {
    use super::{Document, Https};

    fn document(text: &str) -> Option<Document> {
        Document::new("p", "a", text.to_owned()).ok()
    }

    #[test]
    fn hosts_are_sorted_by_what_they_are() {
        let text = r#"{"network":{"allowHosts":["API.example.com","*.example.org","10.0.0.0/8"],
            "rules":[{"hosts":["mcp.example.com","db.example:*"]}]},"transport":{"network":{"egressAllow":["b.example"]}}}"#;
        let (names, others) = document(text).map(|document| document.hosts()).unwrap_or_default();
        assert_eq!(names, ["api.example.com", "b.example", "mcp.example.com"]);
        assert_eq!(others, ["*.example.org", "10.0.0.0/8", "db.example:*"]);
    }

    #[test]
    fn tls_is_refused_unless_the_policy_says_otherwise() {
        let https = |word: &str| {
            document(&format!(r#"{{"transport":{{"httpsInspection":"{word}"}}}}"#))
                .map(|document| document.https())
        };
        assert_eq!(document("{}").map(|document| document.https()), Some(Https::Refuse));
        assert_eq!(https("off"), Some(Https::Refuse));
        assert_eq!(https("sni-only"), Some(Https::SniOnly));
        assert_eq!(https("tls-origination"), Some(Https::TlsOrigination));
    }

    #[test]
    fn only_names_are_passed_on() {
        let text = r#"{"transport":{"tlsPassthrough":["a.example","*.b.example","*","1.2.3.4","x\"y.example","com"]}}"#;
        assert_eq!(
            document(text).map(|document| document.passthrough()),
            Some(vec!["a.example".to_owned(), "*.b.example".to_owned()])
        );
    }

    #[test]
    fn what_is_denied_is_not_passed_on() {
        for (name, denied, is_passed) in [
            ("a.example", "b.example", true),
            ("a.example", "A.Example.", false),
            ("A.example.", "a.example", false),
            ("a.example", "a.example:443", false),
            ("a.example", "a.example:*", false),
            ("a.example", "a.example:8443", true),
            ("a.example", "*.example", false),
            ("a.example", "*.a.example", true),
            ("a.example", "*", false),
            ("a.example", "*:*", false),
            ("a.example", "2001:db8::1", true),
            ("a.example", "10.0.0.0/8", true),
            ("*.a.example", "evil.a.example", false),
            ("*.a.example", "x.evil.a.example", false),
            ("*.a.example", "*.b.a.example", false),
            ("*.b.a.example", "*.a.example", false),
            ("*.a.example", "a.example", true),
            ("*.a.example", "evila.example", true),
        ] {
            for denying in [
                format!(
                    r#""network":{{"denyHosts":["{denied}"]}},"transport":{{"tlsPassthrough":["{name}"]}}"#
                ),
                format!(
                    r#""transport":{{"tlsPassthrough":["{name}"],"network":{{"egressDeny":["{denied}"]}}}}"#
                ),
            ] {
                let document = document(&format!("{{{denying}}}"));
                let own = document.map(|own| (own.passthrough().len(), own.withheld().len()));
                let expected = if is_passed { (1, 0) } else { (0, 1) };
                assert_eq!(own, Some(expected), "{name} {denied}");
            }
        }
    }

    #[test]
    fn an_agent_has_a_name_that_files_can_have() {
        assert!(Document::new("p", "../x", "{}".to_owned()).is_err());
        assert!(Document::new("p", "a b", "{}".to_owned()).is_err());
        assert!(Document::new("p", "a.b-c_1", "{}".to_owned()).is_ok());
        assert!(document("agentId: x").is_none());
    }
}
