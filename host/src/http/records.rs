//! What enforcement points decided by themselves, in batches.
//!
//! A record that cannot be read is said to be so in its place, and the others are recorded. What
//! keeps all of them from being recorded is the answer to the whole request, which can be sent again.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::answer::{self, Reply};
use super::caller::{Caller, Evaluator, Grant};
use super::evaluate::heavy;
use super::input::{JsonBody, check_idempotency_key};
use super::problem::{Code, Problem};
use crate::app::act::Act;
use crate::app::evaluate::{EvaluateError, Request, RequestError, Sender};
use crate::app::records::{self, Observed, Recorded};
use crate::app::{CommitError, clock};
use crate::auth::principal::is_agent_id;
use crate::engine::Outcome;
use crate::limits::{RECORDS_BYTES_MAX, RECORDS_MAX};

/// Bytes of the name of a point.
const POINT_BYTES_MAX: usize = 128;

/// Bytes of a reason's code.
const CODE_BYTES_MAX: usize = 64;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Batch<'a> {
    #[serde(borrow)]
    point: Cow<'a, str>,
    #[serde(borrow)]
    records: Vec<&'a RawValue>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Sent<'a> {
    #[serde(borrow)]
    call: &'a RawValue,
    decision: Decision,
    permitted: Option<bool>,
    #[serde(borrow)]
    code: Cow<'a, str>,
    #[serde(borrow)]
    policy_digest: Cow<'a, str>,
    #[serde(borrow)]
    decided_at: Cow<'a, str>,
    #[serde(borrow)]
    id: Cow<'a, str>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Decision {
    Allow,
    Deny,
    Escalate,
}

#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
struct Answer {
    /// Those that are on record now.
    recorded: usize,
    /// Of these, those that were before.
    repeated: usize,
    /// Of these, those that are decided otherwise here.
    differing: usize,
    verdict_ids: Vec<Option<String>>,
    errors: Vec<Refused>,
}

#[derive(Serialize)]
struct Refused {
    index: usize,
    code: &'static str,
    detail: String,
}

/// POST /v1/records
pub(super) async fn record(caller: Caller<Evaluator>, body: JsonBody) -> Reply {
    if body.bytes().len() > RECORDS_BYTES_MAX {
        let detail = format!("the body is larger than {RECORDS_BYTES_MAX} bytes: send the records in parts");
        return Err(Problem::new(Code::BodyTooLarge, detail));
    }
    let Batch { point, records } = body.parse()?;
    check_point(&point)?;
    if records.len() > RECORDS_MAX {
        let (sent, most) = (records.len(), RECORDS_MAX);
        return Err(Problem::bad_request(format!(
            "the batch has {sent} records and may have {most}: send them in parts"
        )));
    }
    let read: Vec<_> = records.iter().map(|text| read(text.get(), &point)).collect();
    let mut grant = None;
    for (request, _) in read.iter().flatten() {
        grant = Some(caller.acting_for(&request.agent_id)?);
    }
    let answer = match grant {
        Some(grant) => take(grant, read).await?,
        None => {
            let mut answer = Answer::default();
            for (index, read) in read.into_iter().enumerate() {
                answer.take(index, read.map(|_| None));
            }
            answer
        }
    };
    answer::json(&answer)
}

type Read<'a> = Result<(Request<'a>, Observed), Problem>;

/// Records what could be read.
async fn take(grant: Grant<'_>, read: Vec<Read<'_>>) -> Result<Answer, Problem> {
    let app = grant.app();
    let sender = Sender { subject: grant.subject(), external_session: None };
    let mut acts: Vec<Act> = Vec::with_capacity(read.len());
    let mut places = Vec::with_capacity(read.len());
    heavy(|| {
        for read in read {
            let act = read.and_then(|own| Ok(records::prepare(app, &own.0, own.1, sender)?));
            places.push(act.map(|act| {
                let agent = act.owner.agent.clone();
                acts.push(act);
                agent
            }));
        }
    });
    let mut done = records::record(app, acts).await.into_iter();
    let mut answer = Answer::default();
    for (index, place) in places.into_iter().enumerate() {
        let own = match place {
            Err(problem) => Err(problem),
            Ok(agent) => match done.next() {
                None => Err(Problem::internal(&EvaluateError::Unanswered)),
                Some(Ok(own)) => {
                    if let Some(decision) = own.decision {
                        grant.shared().metrics.recorded(&agent, decision, own.differs);
                    }
                    Ok(Some(own))
                }
                Some(Err(error)) if is_of_all(&error) => return Err(error.into()),
                Some(Err(error)) => Err(error.into()),
            },
        };
        answer.take(index, own);
    }
    Ok(answer)
}

/// Whether an error is no fault of the record: the batch should come again.
const fn is_of_all(error: &EvaluateError) -> bool {
    match error {
        EvaluateError::Commit(CommitError::Busy | CommitError::Stopping | CommitError::Store(_)) => true,
        EvaluateError::Commit(CommitError::Operation(_))
        | EvaluateError::Request(_)
        | EvaluateError::Unanswered => false,
    }
}

impl Answer {
    fn take(&mut self, index: usize, own: Result<Option<Recorded>, Problem>) {
        let own = match own {
            Ok(own) => own,
            Err(problem) => {
                let (code, detail) = (problem.code().word(), problem.detail().to_owned());
                self.errors.push(Refused { index, code, detail });
                None
            }
        };
        if let Some(own) = &own {
            self.recorded += 1;
            self.repeated += usize::from(own.decision.is_none());
            self.differing += usize::from(own.differs);
        }
        self.verdict_ids.push(own.map(|own| own.verdict_id));
    }
}

fn read<'a>(text: &'a str, point: &str) -> Read<'a> {
    let bad = |detail: &str| Problem::bad_request(detail.to_owned());
    let sent: Sent<'a> = serde_json::from_str(text)
        .map_err(|error| Problem::bad_request(format!("this is not a record: {error}")))?;
    let request = Request::parse(sent.call.get().as_bytes())?;
    if !is_agent_id(&request.agent_id) {
        return Err(RequestError::Agent.into());
    }
    if request.idempotency_key.is_some() || request.approval_id.is_some() {
        return Err(bad("a record has its own `id`: leave `idempotencyKey` and `approvalId` out of `call`"));
    }
    check_idempotency_key(&sent.id)
        .map_err(|_| bad("`id` has 1 to 255 characters, none of them control characters"))?;
    if !is_code(&sent.code) {
        return Err(bad("`code` is lower-case words with hyphens, 64 characters at most"));
    }
    if !is_digest(&sent.policy_digest) {
        return Err(bad("`policyDigest` is `sha256:` and 64 hex digits in lower case"));
    }
    if matches!(sent.decision, Decision::Allow) && sent.permitted == Some(false) {
        return Err(bad("what is allowed is permitted: `permitted` is false with `allow`"));
    }
    let decided_at = clock::parse(&sent.decided_at)
        .ok_or_else(|| bad("`decidedAt` is a time such as `2026-03-09T10:15:30Z`"))?;
    let observed = Observed {
        point: point.to_owned(),
        id: sent.id.into_owned(),
        decided_at,
        decision: match sent.decision {
            Decision::Allow => Outcome::Allow,
            Decision::Deny => Outcome::Deny,
            Decision::Escalate => Outcome::Escalate,
        },
        permitted: sent.permitted,
        code: sent.code.into_owned(),
        policy_digest: sent.policy_digest.into_owned(),
    };
    Ok((request, observed))
}

fn check_point(point: &str) -> Result<(), Problem> {
    let is_good = |byte: u8| byte.is_ascii_alphanumeric() || b"._-/".contains(&byte);
    if (1..=POINT_BYTES_MAX).contains(&point.len()) && point.bytes().all(is_good) {
        return Ok(());
    }
    let detail = format!(
        "`point` names who decided, such as `envoy/edge-1`: letters, digits, `.`, `_`, `-` and `/`, {POINT_BYTES_MAX} at most"
    );
    Err(Problem::bad_request(detail))
}

fn is_code(code: &str) -> bool {
    let is_good = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=CODE_BYTES_MAX).contains(&code.len()) && code.bytes().all(is_good)
}

fn is_digest(text: &str) -> bool {
    let is_good = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    text.strip_prefix("sha256:").is_some_and(|hex| hex.len() == 64 && hex.bytes().all(is_good))
}
