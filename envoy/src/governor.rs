//! What all requests of one worker share: the configuration, the policy that governs now, and the
//! verdicts that wait for the ledger.

use std::rc::Rc;

use jiff::Timestamp;
use sentinel_engine::{Actor, Decision, Format, Outcome, Policy, Verdict, conclude_stateless};

use crate::config::{Config, Record};
use crate::daemon::Document;
use crate::outcomes::Outcomes;
use crate::records::{self, Queue};
use crate::reply::Governed;

/// Longest prefix of names of records, in bytes; the daemon takes no longer names.
const NAME_BYTES_MAX: usize = 96;

/// One worker's view of the world.
#[derive(Debug)]
pub(crate) struct Governor {
    pub(crate) config: Config,
    policy: Option<Rc<Policy>>,
    digest: Option<String>,
    pub(crate) queue: Queue,
    /// Of payments that went out.
    pub(crate) outcomes: Outcomes,
    /// Unique among workers and starts, so that the names of records are.
    name: String,
    counted: u64,
    clock: Clock,
}

/// Milliseconds since the epoch.
pub(crate) type Clock = fn() -> u64;

/// Why a fetched policy is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Untaken {
    /// It is no document.
    Shape,
    /// Its text does not have the digest that came with it.
    Digest,
    /// It has mistakes.
    Mistakes,
    /// It is another agent's.
    Agent,
    /// It governs nobody any more.
    Removed,
}

/// What became of a call, for its record.
#[derive(Clone, Copy)]
struct Decided<'a> {
    decision: Outcome,
    permitted: bool,
    code: &'a str,
}

/// There is no room for a record that has to be kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Full;

impl Governor {
    pub(crate) fn new(mut config: Config, mut name: String, clock: Clock) -> Self {
        name.truncate(name.floor_char_boundary(NAME_BYTES_MAX));
        let policy = config.policy.take().map(|policy| Rc::new(policy.at_least(config.mode)));
        let digest = policy.as_ref().map(|policy| policy.digest().to_string());
        Self {
            config,
            policy,
            digest,
            queue: Queue::default(),
            outcomes: Outcomes::default(),
            name,
            counted: 0,
            clock,
        }
    }

    pub(crate) fn policy(&self) -> Option<Rc<Policy>> {
        self.policy.clone()
    }

    /// Digest of the policy that governs.
    pub(crate) fn digest(&self) -> Option<&str> {
        self.digest.as_deref()
    }

    pub(crate) fn governed(&self) -> Governed<'_> {
        Governed { agent_id: &self.config.agent_id, policy_digest: self.digest() }
    }

    pub(crate) fn actor(&self) -> Actor<'_> {
        Actor {
            agent_id: &self.config.agent_id,
            environment: self.config.environment.as_deref(),
            session_id: self.config.session_id.as_deref(),
            // All workers and proxies of the agent have it, and nobody who reads a ledger.
            secret: self.config.daemon.as_ref().and_then(crate::config::Daemon::secret),
        }
    }

    /// Takes what the daemon sent, if it is what it says. What governs stays otherwise.
    pub(crate) fn take(&mut self, body: &[u8]) -> Result<(), Untaken> {
        let sent: Document = serde_json::from_slice(body).map_err(|_| Untaken::Shape)?;
        let format = match sent.format.as_str() {
            "json" => Format::Json,
            "yaml" => Format::Yaml,
            _ => return Err(Untaken::Shape),
        };
        if sent.state != "active" {
            return Err(Untaken::Removed);
        }
        let policy = Policy::load(&sent.document, format).map_err(|_| Untaken::Mistakes)?;
        let digest = policy.digest().to_string();
        if digest != sent.digest {
            return Err(Untaken::Digest);
        }
        if policy.agent_id() != self.config.agent_id {
            return Err(Untaken::Agent);
        }
        self.policy = Some(Rc::new(policy.at_least(self.config.mode)));
        self.digest = Some(digest);
        Ok(())
    }

    /// The daemon says that the agent has no policy any more: nothing goes out.
    pub(crate) fn drop_policy(&mut self) {
        self.policy = None;
        self.digest = None;
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Whether the daemon decides it: because it depends on what the daemon keeps, or because what goes out has
    /// to be on record first.
    pub(crate) fn is_for_daemon(&self, policy: &Policy, decision: &Decision) -> bool {
        let needs_state = decision.outcome != Outcome::Deny && decision.needs_state(policy);
        needs_state || self.config.record == Record::Durable && conclude_stateless(policy, decision).permitted
    }

    /// Whether the verdict goes to the ledger.
    fn records(&self, verdict: &Verdict) -> bool {
        match self.config.record {
            Record::Durable | Record::All => true,
            Record::Denied => verdict.decision != Outcome::Allow,
            Record::None => false,
        }
    }

    /// Queues a verdict by this policy, which need not govern any more, for the ledger; the name that it has
    /// there.
    pub(crate) fn record(
        &mut self,
        policy: &Policy,
        verdict: &Verdict,
        call: &[u8],
    ) -> Result<Option<String>, Full> {
        if !self.records(verdict) {
            return Ok(None);
        }
        let decided =
            Decided { decision: verdict.decision, permitted: verdict.permitted, code: &verdict.code };
        match (self.enqueue(policy, decided, call), self.config.record) {
            (Ok(id), _) => Ok(Some(id)),
            (Err(Full), Record::Durable | Record::All) => Err(Full),
            (Err(Full), Record::Denied | Record::None) => Ok(None),
        }
    }

    /// Queues what was refused behind a verdict that let it go, as far as there is room; the name that it has
    /// in the ledger.
    pub(crate) fn record_denial(&mut self, policy: &Policy, code: &str, call: &[u8]) -> Option<String> {
        if self.config.record == Record::None {
            return None;
        }
        self.enqueue(policy, Decided { decision: Outcome::Deny, permitted: false, code }, call).ok()
    }

    fn enqueue(&mut self, policy: &Policy, decided: Decided<'_>, call: &[u8]) -> Result<String, Full> {
        let Decided { decision, permitted, code } = decided;
        self.counted += 1;
        let id = format!("{}-{}", self.name, self.counted);
        let told = records::Told {
            id: &id,
            call,
            decision: decision.as_str(),
            permitted,
            code,
            policy_digest: &policy.digest().to_string(),
            decided_at: &instant((self.clock)()),
        };
        let record = records::Record::new(&told).ok_or(Full)?;
        self.queue.push(record).map_err(|_| Full)?;
        Ok(id)
    }
}

/// An instant as RFC 3339 has it.
fn instant(milliseconds: u64) -> String {
    let timestamp = i64::try_from(milliseconds).ok().and_then(|own| Timestamp::from_millisecond(own).ok());
    timestamp.unwrap_or(Timestamp::UNIX_EPOCH).to_string()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::{Governor, Untaken};
    use crate::config::Config;

    /// A policy of agent `a` with this `network` section.
    pub(crate) fn policy(network: &str) -> String {
        format!(
            r#"{{"agentId":"a","version":"1","identity":{{"authorityLevel":"full-ops","environmentScope":["development"]}},"network":{network}}}"#
        )
    }

    pub(crate) fn governor(configuration: &str) -> Governor {
        Governor::new(Config::parse(configuration.as_bytes()).unwrap(), "w1".to_owned(), || 0)
    }

    fn document(text: &str, digest: &str) -> Vec<u8> {
        serde_json::json!({ "document": text, "digest": digest, "format": "json", "state": "active" })
            .to_string()
            .into_bytes()
    }

    #[test]
    fn a_policy_is_taken_only_with_its_own_digest() {
        let mut governor = governor(r#"{"agentId":"a","daemon":{"cluster":"c"}}"#);
        let text = policy(r#"{"allowHosts":["x.example"]}"#);
        let digest = sentinel_engine::Digest::of(text.as_bytes()).to_string();
        assert_eq!(governor.take(&document(&text, "sha256:0")), Err(Untaken::Digest));
        assert_eq!(governor.take(b"{}"), Err(Untaken::Shape));
        let removed = String::from_utf8(document(&text, &digest)).unwrap().replace("active", "removed");
        assert_eq!(governor.take(removed.as_bytes()), Err(Untaken::Removed));
        assert_eq!(governor.take(&document("{", &digest)), Err(Untaken::Mistakes));
        let foreign = text.replace(r#""agentId":"a""#, r#""agentId":"b""#);
        let foreign_digest = sentinel_engine::Digest::of(foreign.as_bytes()).to_string();
        assert_eq!(governor.take(&document(&foreign, &foreign_digest)), Err(Untaken::Agent));
        assert!(governor.policy().is_none());
        assert_eq!(governor.take(&document(&text, &digest)), Ok(()));
        assert_eq!(governor.digest(), Some(digest.as_str()));
        governor.drop_policy();
        assert!(governor.policy().is_none());
    }

    /// A policy that came in between did not decide.
    #[test]
    fn a_record_names_the_policy_that_decided() {
        let first = policy(r#"{"allowHosts":["x.example"]}"#);
        let mut governor =
            governor(&format!(r#"{{"agentId":"a","policy":{first},"daemon":{{"cluster":"c"}}}}"#));
        let decided_by = governor.policy().unwrap();
        let second = policy(r#"{"allowHosts":["y.example"]}"#);
        let digest = sentinel_engine::Digest::of(second.as_bytes()).to_string();
        governor.take(&document(&second, &digest)).unwrap();
        let call = br#"{"agentId":"a","toolName":"x","toolInput":{}}"#;
        let decision = sentinel_engine::decide_bytes(&decided_by, call);
        let verdict = sentinel_engine::conclude_stateless(&decided_by, &decision);
        governor.record(&decided_by, &verdict, call).unwrap();
        let batch = governor.queue.batch("p").unwrap();
        assert!(batch.contains(&decided_by.digest().to_string()) && !batch.contains(&digest), "{batch}");
    }
}
