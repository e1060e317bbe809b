//! `POST /v1/evaluate`: the daemon's own route, for what needs no daemon.

use crate::body;
use crate::decide::{World, decide};
use crate::problem::Problem;
use crate::wire::{Head, Reply};

/// Characters of an idempotency key.
const IDEMPOTENCY_KEY_CHARS_MAX: usize = 255;

/// Answers with a verdict.
pub(crate) fn evaluate(world: &impl World, head: &Head, body: &[u8]) -> Result<Reply, Problem> {
    body::check_shape(body)?;
    let key = idempotency_key(head)?;
    decide(world, body, key).map(|json| Reply::new(200, "application/json", json))
}

fn idempotency_key(head: &Head) -> Result<Option<&str>, Problem> {
    let mut keys = head.all("idempotency-key");
    let key = match (keys.next(), keys.next()) {
        (None, _) => return Ok(None),
        (Some(key), None) => key,
        (Some(_), Some(_)) => return Err(Problem::bad_request("more than one `Idempotency-Key`")),
    };
    let is_good = (1..=IDEMPOTENCY_KEY_CHARS_MAX).contains(&key.len())
        && key.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic());
    if is_good {
        Ok(Some(key))
    } else {
        Err(Problem::bad_request("`Idempotency-Key` has 1 to 255 visible ASCII characters"))
    }
}
