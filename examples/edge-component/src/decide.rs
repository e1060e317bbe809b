//! One call, from its bytes to an answer. What needs no memory the engine concludes here; everything else
//! is the daemon's to say. Whatever goes wrong permits nothing, in every mode.

use sentinel_engine::{Circumstances, EffectOutcome, Outcome, conclude, decide_bytes};
use serde::Serialize;

use crate::call::{Placed, Seen, bare, placed};
use crate::policies::Found;
use crate::problem::{Code, Problem};

/// What the rest of the world has to say.
pub(crate) trait World {
    /// What governs an agent.
    fn policy(&self, agent: &str) -> Found;
    /// Asks the daemon about this call, with the key of a request that may be repeated.
    fn ask(&self, asked: &Asked<'_>) -> Result<String, Problem>;
    /// The environment of this place, if it has one.
    fn environment(&self) -> Option<&str>;
    /// The instant, as RFC 3339 has it.
    fn now(&self) -> Instant;
    /// A name that no other verdict has.
    fn verdict_id(&self) -> String;
}

/// A question for the daemon.
#[derive(Debug)]
pub(crate) struct Asked<'a> {
    pub(crate) call: &'a [u8],
    pub(crate) agent_id: &'a str,
    pub(crate) tool_name: &'a str,
    pub(crate) idempotency_key: Option<&'a str>,
}

/// A moment, for the engine and for people.
#[derive(Clone, Debug)]
pub(crate) struct Instant {
    pub(crate) milliseconds: u64,
    pub(crate) text: String,
}

/// A verdict that no engine made, in the order of the engine's own.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Denied<'a> {
    decision: &'static str,
    reason: &'a str,
    layer: &'static str,
    mode: &'static str,
    rule: Option<()>,
    code: &'static str,
    enforced: bool,
    permitted: bool,
    agent_id: &'a str,
    tool_name: &'a str,
}

/// Decides a call; the answer is JSON as the daemon's.
pub(crate) fn decide(
    world: &impl World,
    body: &[u8],
    idempotency_key: Option<&str>,
) -> Result<String, Problem> {
    let seen = Seen::read(body)?;
    let Placed { call, told } = placed(body, &seen, world.environment())?;
    let policy = match world.policy(&seen.agent_id) {
        Found::Policy(policy) => policy,
        Found::Nothing => {
            return Ok(signed(world, &denial("No policy governs this agent, so it may do nothing.", &seen)));
        }
        Found::Broken(why) => {
            let reason = format!("No policy governs this agent, so it may do nothing: {why}.");
            return Ok(signed(world, &denial(&reason, &seen)));
        }
    };
    let asked = Asked { call: &told, agent_id: &seen.agent_id, tool_name: &seen.tool_name, idempotency_key };
    let is_known_there = seen.names_state() || idempotency_key.is_some();
    let own = if is_known_there { bare(&told, &seen) } else { call };
    let decision = decide_bytes(&policy, &own);
    if decision.outcome != Outcome::Deny && decision.needs_state(&policy) {
        return world.ask(&asked);
    }
    // Nobody keeps meters here, and no meter that has a limit is asked for.
    let outcomes = vec![EffectOutcome::Unmetered; decision.effects.len()];
    let circumstances = Circumstances { now: Some(world.now().milliseconds), ..Circumstances::default() };
    let verdict = conclude(&policy, &decision, &outcomes, &circumstances);
    // What is denied here nobody's answer allows.
    if is_known_there && verdict.permitted {
        return world.ask(&asked);
    }
    Ok(signed(world, &verdict.json))
}

fn denial(reason: &str, seen: &Seen<'_>) -> String {
    let denied = Denied {
        decision: "deny",
        reason,
        layer: "engine",
        mode: "enforce",
        rule: None,
        code: "policy-missing",
        enforced: true,
        permitted: false,
        agent_id: &seen.agent_id,
        tool_name: &seen.tool_name,
    };
    // Texts and truths: there is nothing that could fail.
    serde_json::to_string(&denied).unwrap_or_else(|_| r#"{"decision":"deny"}"#.to_owned())
}

/// Adds to the engine's own bytes, which stay as they are.
fn signed(world: &impl World, verdict: &str) -> String {
    let own = verdict.strip_suffix('}').unwrap_or(verdict);
    let (at, id) = (world.now().text, serde_json::Value::from(world.verdict_id()));
    format!("{own},\"timestamp\":\"{at}\",\"verdictId\":{id}}}")
}

/// No daemon is configured, and one is needed.
pub(crate) fn no_daemon() -> Problem {
    let detail = "the call needs meters, a person or an earlier answer, and no daemon is configured here";
    Problem::new(Code::DaemonMissing, detail)
}
