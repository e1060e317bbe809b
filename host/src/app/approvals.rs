//! Approvals: a question about one call, its answers, and that they are used once.
//!
//! A question is a row whose key is a digest over everything that makes a call this call: who sends
//! it for which agent, in which session, under which policy, and its exact bytes. So an answer can
//! be used for the call that was asked about and for no other. A row carries a code of its own
//! ([`seal`]), so that nobody who can write to the store can write a yes there. That an old row was
//! put back only the ledger shows.
//!
//! What an answer is worth is the engine's to say ([`answer`], `tally`); here are only facts.

pub mod answer;
pub mod context;
mod grounds;
pub mod words;

use sentinel_ledger::keyed_digest;

use super::record;
use super::settle::Owner;
use crate::engine::{Approval, Debit, Effect, EffectOutcome, Question, Refusal, Verdict};
use crate::limits::QUESTIONS_MAX;
use crate::state::{self, ApprovalMeter, ApprovalState, MeterKey, Millis, PageError, TENANT};
use crate::store::LOG;

/// Hex digits of a key: 128 bits.
const KEY_CHARS: usize = 32;

/// Name of the meter that counts the questions of an agent, and its window in seconds.
const ASKED: &str = "approvals/asked";
const ASKED_SECONDS: u32 = 3_600;

/// What starts every id.
const PREFIX: &str = "apr_";

/// The id of a question: the key of its row, and which question of that row it is.
pub fn id(key: &str, round: u64) -> String {
    format!("{PREFIX}{key}_{round}")
}

/// Key and round of an id.
pub fn parse(id: &str) -> Option<(String, u64)> {
    let (key, round) = id.strip_prefix(PREFIX)?.split_once('_')?;
    let is_key = key.len() == KEY_CHARS
        && key.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte));
    // One spelling for each question.
    let is_number = round.len() < 20 && !round.starts_with('0') && round.bytes().all(|b| b.is_ascii_digit());
    (is_key && is_number).then_some(())?;
    Some((key.to_owned(), round.parse().ok()?))
}

/// What an approval is bound to.
#[derive(Clone, Debug)]
pub struct Binding {
    /// Key of its row.
    pub key: String,
    /// Over the exact bytes of the call, as the ledger has it: keyed where the call holds secrets.
    pub call_digest: String,
    /// Over the policy that governs it.
    pub policy_digest: String,
    /// The call itself.
    pub call: Vec<u8>,
}

impl Binding {
    /// Binds a call.
    pub fn new(
        owner: &Owner,
        subject: &str,
        policy_digest: &str,
        call_digest: String,
        call: Vec<u8>,
    ) -> Self {
        let session = owner.session.as_deref();
        let parts = [
            Some(TENANT),
            Some(LOG),
            Some(&*owner.agent),
            Some(subject),
            session,
            Some(&*call_digest),
            Some(policy_digest),
        ];
        let digest = record::digest(framed(&parts).as_bytes());
        let hex = digest.strip_prefix("sha256:").unwrap_or(&digest);
        let key = hex.get(..KEY_CHARS).unwrap_or(hex).to_owned();
        Self { key, call_digest, policy_digest: policy_digest.to_owned(), call }
    }
}

/// Texts as one text, so that no two lists of texts are the same text: each with its length, and
/// what is absent unlike what is empty.
fn framed(parts: &[Option<&str>]) -> String {
    parts.iter().fold(String::new(), |out, part| match part {
        None => out + "-;",
        Some(text) => format!("{out}{}:{text};", text.len()),
    })
}

/// What codes of rows begin with, so that nothing else that the same key signs can be one.
const SEALED: &str = "approval";

/// The code that a row must carry, over its key and everything else that it says. A row that cannot
/// be written has none.
pub fn seal(key: &str, row: &state::Approval, digest_key: &[u8]) -> String {
    let bare = state::Approval { mac: String::new(), ..row.clone() };
    let text = serde_json::to_vec(&(SEALED, key, &bare));
    text.map_or_else(|_| String::new(), |text| keyed_digest(digest_key, &text))
}

/// Whether a row says what this daemon, or another with its key, once wrote.
pub fn is_genuine(key: &str, row: &state::Approval, digest_key: &[u8]) -> bool {
    use subtle::ConstantTimeEq as _;
    let is_equal: bool = seal(key, row, digest_key).as_bytes().ct_eq(row.mac.as_bytes()).into();
    is_equal && !row.mac.is_empty()
}

/// What the rows say of a call. Facts; what follows is for the engine.
pub(super) fn standing(
    page: &state::Page,
    binding: &Binding,
    brought: Option<&str>,
    subject: &str,
    digest_key: &[u8],
) -> Result<Approval, PageError> {
    let refused = |why| Ok(Approval::Refused(why));
    let round = match brought.map(parse) {
        None => None,
        Some(None) => return refused(Refusal::Unknown),
        Some(Some((key, _))) if key != binding.key => {
            let other = page.approvals.get(&key)?.filter(|row| row.requester == subject);
            return refused(match other {
                None => Refusal::Unknown,
                Some(row)
                    if row.call_digest == binding.call_digest
                        && row.policy_digest != binding.policy_digest =>
                {
                    Refusal::OtherPolicy
                }
                Some(_) => Refusal::OtherCall,
            });
        }
        Some(Some((_, round))) => Some(round),
    };
    let Some(row) = page.approvals.get(&binding.key)? else {
        return Ok(if round.is_some() { Approval::Refused(Refusal::Unknown) } else { Approval::Possible });
    };
    if round.is_some_and(|round| round != row.round) {
        return refused(Refusal::Unknown);
    }
    let is_over = page.now >= row.ends_at;
    // Without an id, what came to nothing may be asked about again.
    let ended = |why| if round.is_some() { Approval::Refused(why) } else { Approval::Possible };
    Ok(match row.state {
        // Whoever wrote that, it is no answer to anything, and the next question replaces it.
        _ if !is_genuine(&binding.key, row, digest_key) => ended(Refusal::Unknown),
        ApprovalState::Pending if !is_over => Approval::Waiting,
        ApprovalState::Approved if !is_over => Approval::Granted(row.grounds),
        // A no holds for as long as a yes would have: asking again and again is no way around it.
        ApprovalState::Denied if !is_over => Approval::Refused(Refusal::Denied),
        ApprovalState::Denied => ended(Refusal::Denied),
        ApprovalState::Pending | ApprovalState::Approved | ApprovalState::Expired => ended(Refusal::Expired),
        ApprovalState::Used => ended(Refusal::Used),
        ApprovalState::Cancelled => ended(Refusal::Cancelled),
    })
}

/// The meter of an agent's questions.
pub(super) fn asked_meter(agent: &str) -> MeterKey {
    MeterKey::new(agent, ASKED, "", i64::from(ASKED_SECONDS), "")
}

/// Whether people may be asked about one more call of an agent. A flood of questions is a way to
/// have one of them approved unread.
pub(super) fn may_ask(page: &state::Page, agent: &str) -> Result<Approval, PageError> {
    let asked = page.meters.get(&asked_meter(agent))?.map_or(0, |own| own.sliding(page.now.0, ASKED_SECONDS));
    Ok(if asked < QUESTIONS_MAX { Approval::Possible } else { Approval::Refused(Refusal::TooMany) })
}

/// Counts a question.
pub(super) fn count_question(page: &mut state::Page, agent: &str) -> Result<(), PageError> {
    let now = page.now;
    page.meters.edit(&asked_meter(agent))?.charge_sliding(now.0, ASKED_SECONDS, 1);
    Ok(())
}

/// A question that is about to be asked.
pub(super) struct Asking<'a> {
    pub(super) binding: &'a Binding,
    pub(super) owner: &'a Owner,
    pub(super) subject: &'a str,
    pub(super) tool: &'a str,
    pub(super) question: &'a Question,
    pub(super) verdict: &'a Verdict,
    pub(super) verdict_id: &'a str,
    pub(super) meters: Vec<ApprovalMeter>,
    pub(super) nonce: String,
}

impl Asking<'_> {
    /// The row of the next question about this call.
    pub(super) fn row(self, round: u64, now: Millis, digest_key: &[u8]) -> state::Approval {
        let (reasons, more_reasons) = grounds::kept(&self.verdict.grounds);
        let mut row = state::Approval {
            round,
            agent: self.owner.agent.clone(),
            requester: self.subject.to_owned(),
            session: self.owner.session.clone(),
            tool: self.tool.to_owned(),
            call_digest: self.binding.call_digest.clone(),
            policy_digest: self.binding.policy_digest.clone(),
            state: ApprovalState::Pending,
            asked_at: now,
            ends_at: now.plus(i64::from(self.question.seconds) * 1000),
            approvers: self.question.approvers.clone(),
            quorum: self.question.quorum,
            grounds: self.question.grounds,
            answers: Vec::new(),
            reason: self.verdict.reason.clone(),
            code: self.verdict.code.clone(),
            reasons,
            more_reasons,
            verdict_id: self.verdict_id.to_owned(),
            call: Some(String::from_utf8_lossy(&self.binding.call).into_owned()),
            meters: self.meters,
            value: self.verdict.value,
            nonce: self.nonce,
            notified: Vec::new(),
            mac: String::new(),
        };
        row.mac = seal(&self.binding.key, &row, digest_key);
        row
    }
}

/// What the meters of a call stand at, for whoever has to decide.
pub(super) fn meters(effects: &[Effect], readings: &[EffectOutcome]) -> Vec<ApprovalMeter> {
    let meter = |(effect, reading): (&Effect, &EffectOutcome)| match (effect, reading) {
        (Effect::Debit(debit), EffectOutcome::Reading(used)) => Some(one(debit, *used)),
        _ => None,
    };
    effects.iter().zip(readings).filter_map(meter).collect()
}

fn one(debit: &Debit, used: u64) -> ApprovalMeter {
    ApprovalMeter {
        meter: debit.meter.clone(),
        unit: super::settle::unit_word(debit.unit).to_owned(),
        used,
        amount: debit.amount,
        limit: (debit.limit != u64::MAX).then_some(debit.limit),
    }
}

/// A number that nobody can guess.
pub(super) fn nonce() -> Result<String, super::OperationError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)
        .map_err(|_| super::OperationError::Conflict { why: "no randomness for a question".to_owned() })?;
    Ok(hex::encode(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owner(agent: &str, session: Option<&str>) -> Owner {
        Owner { agent: agent.to_owned(), session: session.map(str::to_owned), run: None }
    }

    #[test]
    fn every_part_of_a_call_makes_it_another_one() {
        let bind = |agent: &str, session, subject: &str, policy: &str, call: &str| {
            Binding::new(&owner(agent, session), subject, policy, call.to_owned(), Vec::new()).key
        };
        let all = [
            bind("a", None, "s", "p", "c"),
            bind("a", Some(""), "s", "p", "c"),
            bind("a", Some("x"), "s", "p", "c"),
            bind("as", None, "", "p", "c"),
            bind("", None, "as", "p", "c"),
            bind("a", None, "s", "p2", "c"),
            bind("a", None, "s", "p", "c "),
            bind("b", None, "s", "p", "c"),
        ];
        let different: std::collections::BTreeSet<_> = all.iter().collect();
        assert_eq!(different.len(), all.len());
        assert_eq!(bind("a", None, "s", "p", "c"), all[0]);
    }

    #[test]
    fn a_code_is_for_one_key_and_one_row() {
        let (digest_key, row) = ([7; 32], state::Approval::unreadable());
        assert!(!is_genuine("k", &row, &digest_key), "a row without a code");
        let row = state::Approval { mac: seal("k", &row, &digest_key), ..row };
        assert!(is_genuine("k", &row, &digest_key));
        assert!(!is_genuine("l", &row, &digest_key), "another key");
        assert!(!is_genuine("k", &row, &[8; 32]), "another daemon");
        let approved = state::Approval { state: ApprovalState::Approved, ..row.clone() };
        assert!(!is_genuine("k", &approved, &digest_key), "another state");
        assert!(!is_genuine("k", &state::Approval { quorum: 0, ..row }, &digest_key), "another quorum");
    }

    #[test]
    fn an_id_has_one_spelling() {
        let key = "0123456789abcdef0123456789abcdef";
        assert_eq!(parse(&id(key, 12)), Some((key.to_owned(), 12)));
        for wrong in [
            "",
            "apr_",
            "apr_x_1",
            &id(key, 0),
            &format!("apr_{key}_01"),
            &format!("apr_{key}"),
            &format!("apr_{}_1", key.to_uppercase()),
            &format!("apr_{key}_1 "),
            &format!("apr_{key}_-1"),
        ] {
            assert_eq!(parse(wrong), None, "{wrong}");
        }
    }
}
