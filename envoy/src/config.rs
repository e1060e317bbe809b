//! The plugin configuration: JSON, read strictly. One that has a mistake does not start the
//! filter, and a filter that has not started lets nothing through.

use std::time::Duration;

use sentinel_engine::{Diagnostic, Format, Mode, Policy, Secret, Severity};
use serde::Deserialize;
use serde_json::value::RawValue;
use thiserror::Error;

/// Longest wait for the daemon, unless the configuration says otherwise.
const TIMEOUT_MS: u64 = 1_000;
/// Longest wait that can be configured: an agent's own timeouts are rarely longer.
const TIMEOUT_MS_MAX: u64 = 60_000;
/// How often the daemon is asked for a newer policy, unless the configuration says otherwise.
const REFRESH_SECONDS: u64 = 10;

/// Longest time that can be configured for a policy that nobody confirms: a week.
const MAX_STALE_SECONDS_MAX: u64 = 7 * 86_400;

/// What the filter was told.
#[derive(Debug)]
pub(crate) struct Config {
    /// Whom this proxy works for. Never taken from a request.
    pub(crate) agent_id: String,
    pub(crate) environment: Option<String>,
    pub(crate) session_id: Option<String>,
    /// That of the installation; the stricter of it and the policy's counts.
    pub(crate) mode: Option<Mode>,
    /// Governs until the daemon has told of another one.
    pub(crate) policy: Option<Policy>,
    pub(crate) daemon: Option<Daemon>,
    pub(crate) record: Record,
    pub(crate) position: Position,
    /// What all requests go out over, whatever they came in by.
    pub(crate) scheme: Option<Scheme>,
    /// Whether an instance behind the cluster's connection looks at addresses.
    pub(crate) resolves_later: bool,
    /// The callback that traps.
    #[cfg(feature = "faults")]
    pub(crate) fault: Option<String>,
}

/// How a request goes out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Scheme {
    Http,
    Https,
}

impl Scheme {
    /// The word of `:scheme`.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::Https => "https",
        }
    }
}

/// Where in the proxy the filter stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Position {
    /// Between the agent and the router: everything is decided.
    #[default]
    Downstream,
    /// Between the router and a connection that is open: its address is decided, and nothing else.
    Upstream,
}

/// Where meters, approvals and the ledger are.
#[derive(Debug)]
pub(crate) struct Daemon {
    /// Name of an Envoy cluster.
    pub(crate) cluster: String,
    pub(crate) authority: String,
    pub(crate) api_key: Option<String>,
    pub(crate) timeout: Duration,
    pub(crate) refresh: Duration,
    /// How long a policy governs that the daemon did not confirm; for ever if absent.
    pub(crate) max_stale: Option<Duration>,
}

/// Which verdicts of the filter's own are recorded. Those of the daemon always are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Record {
    /// Every one, and what is permitted before it leaves: the daemon decides it.
    Durable,
    /// Every one; a request that cannot be recorded is refused.
    All,
    /// Those that are not permitted, as far as there is room.
    Denied,
    /// None.
    None,
}

/// Why a configuration is none.
#[derive(Debug, Error)]
pub(crate) enum ConfigError {
    #[error("the plugin configuration is not the JSON that is expected: {0}")]
    Shape(#[from] serde_json::Error),
    #[error("the plugin configuration is no text")]
    Text,
    #[error("`{field}` {problem}")]
    Field { field: &'static str, problem: String },
    #[error("the policy has mistakes: {0}")]
    Policy(String),
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Raw<'a> {
    agent_id: String,
    environment: Option<String>,
    session_id: Option<String>,
    mode: Option<String>,
    #[serde(borrow)]
    policy: Option<&'a RawValue>,
    policy_digest: Option<String>,
    daemon: Option<RawDaemon>,
    record: Option<Record>,
    #[serde(default)]
    position: Position,
    scheme: Option<Scheme>,
    #[serde(default)]
    resolves_later: bool,
    #[cfg(feature = "faults")]
    fault: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct RawDaemon {
    cluster: String,
    authority: Option<String>,
    api_key: Option<String>,
    timeout_ms: Option<u64>,
    refresh_seconds: Option<u64>,
    max_stale_seconds: Option<u64>,
}

fn field<T>(field: &'static str, problem: impl Into<String>) -> Result<T, ConfigError> {
    Err(ConfigError::Field { field, problem: problem.into() })
}

impl Config {
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, ConfigError> {
        let text = std::str::from_utf8(bytes).map_err(|_| ConfigError::Text)?;
        let raw: Raw<'_> = serde_json::from_str(text)?;
        let policy = raw.policy.map(|document| load(document, &raw.agent_id)).transpose()?;
        if let (Some(wanted), Some(policy)) = (&raw.policy_digest, &policy) {
            let digest = policy.digest().to_string();
            if *wanted != digest {
                return field("policyDigest", format!("is `{wanted}`, and `policy` has `{digest}`"));
            }
        }
        if raw.policy_digest.is_some() && policy.is_none() {
            return field(
                "policyDigest",
                "is the digest of `policy`, which is missing: what is fetched has its own",
            );
        }
        let daemon = raw.daemon.map(Daemon::check).transpose()?;
        if policy.is_none() && daemon.is_none() {
            return field("policy", "is missing: give `policy`, or `daemon` to fetch it from");
        }
        let mode = raw.mode.as_deref().map(mode).transpose()?;
        let record = match (raw.record, &daemon) {
            (Some(Record::Durable | Record::All | Record::Denied), None) => {
                return field("record", "needs `daemon`, which keeps the records");
            }
            (Some(record), _) => record,
            (None, Some(_)) => Record::All,
            (None, None) => Record::None,
        };
        if raw.position == Position::Upstream && raw.record.is_some() {
            return field("record", "is for the instance in front of the router, which decides");
        }
        let record = match (raw.position, &daemon) {
            (Position::Downstream, _) => record,
            // What it lets through is on record, and what it refuses was allowed before.
            (Position::Upstream, Some(_)) => Record::Denied,
            (Position::Upstream, None) => Record::None,
        };
        Ok(Self {
            agent_id: raw.agent_id,
            environment: raw.environment,
            session_id: raw.session_id,
            mode,
            policy,
            daemon,
            record,
            position: raw.position,
            scheme: raw.scheme,
            resolves_later: raw.resolves_later,
            #[cfg(feature = "faults")]
            fault: raw.fault,
        })
    }
}

impl Daemon {
    /// What digests of credentials are made with.
    pub(crate) fn secret(&self) -> Option<Secret<'_>> {
        self.api_key.as_deref().map(|key| Secret::new(key.as_bytes()))
    }

    fn check(raw: RawDaemon) -> Result<Self, ConfigError> {
        if raw.cluster.is_empty() {
            return field("daemon.cluster", "is empty: name the cluster of the bootstrap");
        }
        let timeout = raw.timeout_ms.unwrap_or(TIMEOUT_MS);
        if !(1..=TIMEOUT_MS_MAX).contains(&timeout) {
            return field("daemon.timeoutMs", format!("is not within 1 and {TIMEOUT_MS_MAX}"));
        }
        let refresh = raw.refresh_seconds.unwrap_or(REFRESH_SECONDS);
        if !(1..=3_600).contains(&refresh) {
            return field("daemon.refreshSeconds", "is not within 1 and 3600");
        }
        if raw.max_stale_seconds.is_some_and(|own| !(refresh..=MAX_STALE_SECONDS_MAX).contains(&own)) {
            return field(
                "daemon.maxStaleSeconds",
                format!("is not within `refreshSeconds` ({refresh}) and {MAX_STALE_SECONDS_MAX}"),
            );
        }
        let authority = raw.authority.unwrap_or_else(|| raw.cluster.clone());
        if authority.is_empty() || !authority.bytes().all(|byte| byte.is_ascii_graphic()) {
            return field("daemon.authority", "is no host");
        }
        if raw.api_key.as_ref().is_some_and(|key| !key.bytes().all(|byte| byte.is_ascii_graphic())) {
            return field("daemon.apiKey", "has characters that no key has");
        }
        Ok(Self {
            cluster: raw.cluster,
            authority,
            api_key: raw.api_key,
            timeout: Duration::from_millis(timeout),
            refresh: Duration::from_secs(refresh),
            max_stale: raw.max_stale_seconds.map(Duration::from_secs),
        })
    }
}

/// A word that nobody knows is a mistake, and not no mode.
fn mode(word: &str) -> Result<Mode, ConfigError> {
    let known = [Mode::Enforce, Mode::Audit, Mode::Shadow, Mode::DryRun];
    match known.into_iter().find(|mode| mode.as_str() == word) {
        Some(mode) => Ok(mode),
        None => field("mode", "is none of `enforce`, `audit`, `shadow` and `dry-run`"),
    }
}

/// Every mistake of a policy on one line.
fn listed(findings: &[Diagnostic]) -> String {
    let errors = findings.iter().filter(|own| own.severity == Severity::Error);
    let lines: Vec<String> = errors.map(|own| format!("{} at `{}`", own.message, own.pointer)).collect();
    lines.join("; ")
}

/// The policy, which has to be the agent's.
fn load(document: &RawValue, agent_id: &str) -> Result<Policy, ConfigError> {
    let policy = Policy::load(document.get(), Format::Json)
        .map_err(|findings| ConfigError::Policy(listed(&findings)))?;
    if policy.agent_id() != agent_id {
        return field("policy", format!("governs `{}`, and `agentId` is `{agent_id}`", policy.agent_id()));
    }
    Ok(policy)
}

#[cfg(test)]
mod tests {
    use super::{Config, Record};

    const POLICY: &str = r#"{"agentId":"a","version":"1","identity":{"authorityLevel":"full-ops","environmentScope":["development"]}}"#;

    fn mistake(text: &str) -> String {
        Config::parse(text.as_bytes()).err().map(|error| error.to_string()).unwrap_or_default()
    }

    #[test]
    fn a_policy_or_a_daemon_is_needed() {
        assert!(mistake(r#"{"agentId":"a"}"#).contains("`policy` is missing"));
        let with_policy =
            Config::parse(format!(r#"{{"agentId":"a","policy":{POLICY}}}"#).as_bytes()).unwrap();
        assert_eq!(with_policy.record, Record::None);
        let with_daemon = Config::parse(br#"{"agentId":"a","daemon":{"cluster":"sentinel"}}"#).unwrap();
        assert_eq!(with_daemon.record, Record::All);
        let behind =
            Config::parse(br#"{"agentId":"a","position":"upstream","daemon":{"cluster":"sentinel"}}"#)
                .unwrap();
        assert_eq!(behind.record, Record::Denied);
    }

    #[test]
    fn mistakes_are_told() {
        for (text, part) in [
            ("[]", "not the JSON"),
            (r#"{"agentId":"a","polcy":{}}"#, "polcy"),
            (r#"{"agentId":"a","policy":{}}"#, "the policy has mistakes"),
            (r#"{"agentId":"a","daemon":{"cluster":""}}"#, "`daemon.cluster`"),
            (r#"{"agentId":"a","mode":"enforced","daemon":{"cluster":"c"}}"#, "`mode` is none of"),
            (
                r#"{"agentId":"a","policyDigest":"sha256:00","daemon":{"cluster":"c"}}"#,
                "`policyDigest` is the digest of `policy`",
            ),
            (r#"{"agentId":"a","daemon":{"cluster":"c","timeoutMs":0}}"#, "`daemon.timeoutMs`"),
            (
                r#"{"agentId":"a","daemon":{"cluster":"c","refreshSeconds":10,"maxStaleSeconds":9}}"#,
                "`daemon.maxStaleSeconds`",
            ),
            (r#"{"agentId":"a","daemon":{"cluster":"c","apiKey":"a b"}}"#, "`daemon.apiKey`"),
            (r#"{"agentId":"a","daemon":{"cluster":"c"},"record":"some"}"#, "some"),
        ] {
            assert!(mistake(text).contains(part), "{text}: {}", mistake(text));
        }
        assert!(mistake(&format!(r#"{{"agentId":"b","policy":{POLICY}}}"#)).contains("governs `a`"));
        let digest = format!(r#"{{"agentId":"a","policy":{POLICY},"policyDigest":"sha256:00"}}"#);
        assert!(mistake(&digest).contains("`policyDigest`"));
        for word in ["durable", "all", "denied"] {
            let record = format!(r#"{{"agentId":"a","policy":{POLICY},"record":"{word}"}}"#);
            assert!(mistake(&record).contains("`record` needs `daemon`"), "{word}");
        }
    }
}
