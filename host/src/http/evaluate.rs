//! Deciding a call: the route that everything else is there for.
//!
//! Its body is read once and borrowed; the answer is the text that was prepared when the verdict
//! was recorded.

use std::borrow::Cow;
use std::pin::pin;
use std::time::Instant;

use axum::http::header::HeaderValue;
use tokio::runtime::{Handle, RuntimeFlavor};

use super::answer::{self, Reply};
use super::caller::{Caller, Evaluator};
use super::front::IDEMPOTENT_REPLAYED;
use super::input::{IdempotencyKey, JsonBody, check_idempotency_key};
use super::problem::Problem;
use crate::app::evaluate::{self, Request, Sender};

/// Bodies of more bytes may take milliseconds to decide, in which a thread answers nobody else.
const LIGHT_BYTES_MAX: usize = 16 << 10;

/// POST /v1/evaluate
pub(super) async fn evaluate(
    caller: Caller<Evaluator>,
    IdempotencyKey(key): IdempotencyKey,
    body: JsonBody,
) -> Reply {
    let since = Instant::now();
    let request = read(&body, key)?;
    let grant = caller.acting_for(&request.agent_id)?;
    let sender = Sender { subject: grant.subject(), external_session: None };
    let deciding = evaluate::evaluate(grant.app(), &request, sender);
    let answer = on_heavy_thread(is_heavy(body.bytes().len()), deciding).await?;
    if let Some(own) = answer.summary() {
        grant.shared().metrics.evaluated(&request.agent_id, own.decision, since);
    }
    let is_repeated = answer.is_repeated();
    let mut response = answer::raw_json(answer.into_json());
    if is_repeated {
        response.headers_mut().insert(IDEMPOTENT_REPLAYED, HeaderValue::from_static("true"));
    }
    Ok(response)
}

/// What [`evaluate`] is held against: the same way in and out, and nothing done in between. The
/// answer is as long as a real one.
pub(super) async fn constant(_caller: Caller<Evaluator>, _body: JsonBody) -> Reply {
    const ANSWER: &str = r#"{"decision":"deny","reason":"This server decides nothing; it is here to be compared with one that does.","layer":"engine","mode":"enforce","rule":null,"code":"constant","enforced":true,"permitted":false,"riskPoints":0,"agentId":"constant","toolName":"constant","callDigest":"sha256:0000000000000000000000000000000000000000000000000000000000000000","policyDigest":"sha256:0000000000000000000000000000000000000000000000000000000000000000","timestamp":"1970-01-01T00:00:00.000Z","verdictId":"main-0","ledger":{"index":0,"leaf":"0000000000000000000000000000000000000000000000000000000000000000"}}"#;
    Ok(answer::raw_json(ANSWER.to_owned()))
}

/// The call, with the key of the header if there is one.
fn read(body: &JsonBody, key: Option<String>) -> Result<Request<'_>, Problem> {
    let mut request = Request::parse(body.bytes()).map_err(|error| body.problem(error.to_string()))?;
    if let Some(key) = key {
        if request.idempotency_key.as_ref().is_some_and(|own| *own != key) {
            let detail = "`Idempotency-Key` and `idempotencyKey` differ: send one of them";
            return Err(Problem::bad_request(detail));
        }
        request.idempotency_key = Some(Cow::Owned(key));
    }
    request.idempotency_key.as_deref().map_or(Ok(()), check_idempotency_key)?;
    Ok(request)
}

/// Awaits what works hard before it first waits, on a thread that may be busy for a while.
pub(super) async fn on_heavy_thread<F: Future>(is_heavy: bool, future: F) -> F::Output {
    let mut future = pin!(future);
    let mut is_first = is_heavy;
    std::future::poll_fn(|cx| {
        if std::mem::take(&mut is_first) {
            heavy(|| future.as_mut().poll(cx))
        } else {
            future.as_mut().poll(cx)
        }
    })
    .await
}

/// Works hard, and lets other threads do what waits on this one.
pub(super) fn heavy<T>(work: impl FnOnce() -> T) -> T {
    match Handle::try_current().map(|handle| handle.runtime_flavor()) {
        Ok(RuntimeFlavor::MultiThread) => tokio::task::block_in_place(work),
        // There is no other thread.
        Ok(_) | Err(_) => work(),
    }
}

/// Whether a body of so many bytes is decided on such a thread.
pub(super) const fn is_heavy(bytes: usize) -> bool {
    bytes > LIGHT_BYTES_MAX
}
