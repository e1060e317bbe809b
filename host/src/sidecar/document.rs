//! What a sidecar has to know of a policy: whose it is, and what Envoy wants as lists.
//!
//! The engine has read the document before, strictly. This reads a few of its members again, as JSON,
//! and keeps its text unchanged, because its digest is that of the text.

use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

use super::Https;

/// A policy's text, and what of it is needed here.
#[derive(Clone, Debug)]
pub struct Document {
    agent_id: String,
    text: String,
    value: Value,
    tls: Passthrough,
}

/// What the engine says of a policy, as far as it is needed here.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Description {
    agent_id: String,
    #[serde(default)]
    tls_passthrough: Passthrough,
}

#[derive(Clone, Debug, Default, Deserialize)]
struct Passthrough {
    passed: Vec<String>,
    withheld: Vec<String>,
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
    /// What the engine says of it cannot be read.
    #[error("the engine's description of a policy cannot be read: please report this")]
    Description(#[from] serde_json::Error),
    /// Its agent cannot be the name of a file.
    #[error("`agentId` is `{agent_id}`: a sidecar needs one of letters, digits, `.`, `_` and `-`")]
    AgentId {
        /// The name.
        agent_id: String,
    },
}

impl Document {
    /// Reads a document that the engine took, and described. `name` is for messages.
    ///
    /// # Errors
    ///
    /// Where it is YAML, or where the agent's name cannot be one of a file.
    pub fn new(name: &str, description: &str, text: String) -> Result<Self, DocumentError> {
        let Description { agent_id, tls_passthrough: tls } = serde_json::from_str(description)?;
        let value = serde_json::from_str(&text)
            .map_err(|source| DocumentError::NotJson { name: name.to_owned(), source })?;
        let plain = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
        if agent_id.is_empty() || agent_id.starts_with(['.', '-']) || !agent_id.chars().all(plain) {
            return Err(DocumentError::AgentId { agent_id: agent_id.escape_debug().to_string() });
        }
        Ok(Self { agent_id, text, value, tls })
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

    /// Names whose TLS may be passed on unseen, as `a.example` or `*.a.example`. Others are left out: what
    /// is not listed is refused.
    pub fn passthrough(&self) -> &[String] {
        &self.tls.passed
    }

    /// Names that are listed and refused all the same: the policy denies them, or one below them.
    pub fn withheld(&self) -> &[String] {
        &self.tls.withheld
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
        Document::new("p", r#"{"agentId":"a"}"#, text.to_owned()).ok()
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
    fn what_is_passed_on_is_the_engines_to_say() {
        let text = r#"{"transport":{"tlsPassthrough":["a.example"]}}"#;
        let said = r#"{"agentId":"a","tlsPassthrough":{"passed":["b.example"],"withheld":["a.example"]}}"#;
        let own = Document::new("p", said, text.to_owned()).unwrap();
        assert_eq!(
            (own.passthrough(), own.withheld()),
            (&["b.example".to_owned()][..], &["a.example".to_owned()][..])
        );
        assert!(document(text).unwrap().passthrough().is_empty());
        assert!(Document::new("p", "{}", text.to_owned()).is_err());
    }

    #[test]
    fn an_agent_has_a_name_that_files_can_have() {
        assert!(Document::new("p", r#"{"agentId":"../x"}"#, "{}".to_owned()).is_err());
        assert!(Document::new("p", r#"{"agentId":"a b"}"#, "{}".to_owned()).is_err());
        assert!(Document::new("p", r#"{"agentId":"a.b-c_1"}"#, "{}".to_owned()).is_ok());
        assert!(document("agentId: x").is_none());
    }
}
