//! `POST /access/v1/evaluation` and `…/evaluations`: AuthZEN's Authorization API 1.0, whose words become a
//! call and back.
//!
//! | there | here |
//! |---|---|
//! | `subject`, of the type `agent` | `agentId` |
//! | `action.name` | `toolName` |
//! | `action.properties`, or else `resource.properties` | `toolInput` |
//! | `resource`, of the type `tool` | the same tool once more |
//! | `resource`, of any other type | one more member of `toolInput`: its type is the name, its id the value |
//! | `context` | what else a call may say, by its own names; other members mean nothing here |

use std::borrow::Cow;
use std::collections::BTreeMap;

use sentinel_engine::Call;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use serde_json::{Value, json};

use crate::body;
use crate::decide::{Asked, Instant, World, decide};
use crate::policies::Found;
use crate::problem::{Code, Problem};
use crate::wire::Reply;

/// Most evaluations of one request.
const EVALUATIONS_MAX: usize = 100;

/// The type of subjects that are governed here.
const AGENT: &str = "agent";

/// The type of a resource that is the tool itself.
const TOOL: &str = "tool";

/// Members of a context that a call has as well.
const CONTEXT: [&str; 14] = [
    "sessionId",
    "runId",
    "environment",
    "workspace",
    "home",
    "cwd",
    "shell",
    "resolvedPaths",
    "protectedPaths",
    "cost",
    "endpoint",
    "payee",
    "http",
    "approvalId",
];

/// One evaluation, or what holds for all of them.
#[derive(Clone, Debug, Default, Deserialize)]
struct Evaluation<'a> {
    #[serde(borrow)]
    subject: Option<Entity<'a>>,
    #[serde(borrow)]
    action: Option<Action<'a>>,
    #[serde(borrow)]
    resource: Option<Entity<'a>>,
    #[serde(borrow)]
    context: Option<Members<'a>>,
}

/// An object, its members as they were sent.
type Members<'a> = BTreeMap<Cow<'a, str>, &'a RawValue>;

#[derive(Clone, Debug, Deserialize)]
struct Entity<'a> {
    #[serde(borrow, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow)]
    id: Cow<'a, str>,
    #[serde(borrow)]
    properties: Option<Members<'a>>,
}

#[derive(Clone, Debug, Deserialize)]
struct Action<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    properties: Option<Members<'a>>,
}

#[derive(Debug, Deserialize)]
struct Batch<'a> {
    #[serde(borrow, default)]
    evaluations: Vec<&'a RawValue>,
    #[serde(default)]
    options: Options,
}

#[derive(Debug, Default, Deserialize)]
struct Options {
    #[serde(default)]
    evaluations_semantic: Semantic,
}

#[derive(Clone, Copy, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
enum Semantic {
    #[default]
    ExecuteAll,
    DenyOnFirstDeny,
    PermitOnFirstPermit,
}

/// The decision, and why.
#[derive(Debug, Serialize)]
struct Answer {
    decision: bool,
    context: Value,
}

/// What of a verdict is told.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Verdict {
    decision: String,
    permitted: bool,
    reason: String,
    code: String,
    layer: String,
    mode: String,
    verdict_id: Option<String>,
    policy_digest: Option<String>,
    approval: Option<Value>,
}

/// One evaluation.
pub(crate) fn evaluation(world: &impl World, body: &[u8]) -> Result<Reply, Problem> {
    check(body)?;
    single(world, body)
}

/// Many of them, which share what stands beside them.
pub(crate) fn evaluations(world: &impl World, body: &[u8]) -> Result<Reply, Problem> {
    check(body)?;
    let Batch { evaluations, options } = read(body)?;
    if evaluations.is_empty() {
        return single(world, body);
    }
    if evaluations.len() > EVALUATIONS_MAX {
        return Err(Problem::bad_request(format!(
            "more than {EVALUATIONS_MAX} evaluations: send them in parts"
        )));
    }
    let shared: Evaluation<'_> = read(body)?;
    let mut answers = Vec::with_capacity(evaluations.len());
    let mut lost = None;
    for own in evaluations {
        let answer = match call(own, &shared) {
            Err(problem) => refused(&problem),
            Ok(call) => answer(&Once { world, lost: &mut lost }.decide(&call)),
        };
        let is_last = match options.evaluations_semantic {
            Semantic::ExecuteAll => false,
            Semantic::DenyOnFirstDeny => !answer.decision,
            Semantic::PermitOnFirstPermit => answer.decision,
        };
        answers.push(answer);
        if is_last {
            break;
        }
    }
    Ok(Reply::new(200, "application/json", json!({ "evaluations": answers }).to_string()))
}

fn single(world: &impl World, body: &[u8]) -> Result<Reply, Problem> {
    let call = read(body).and_then(|own: Evaluation<'_>| written(&own))?;
    let answer = answer(&call.and_then(|call| decide(world, call.as_bytes(), None)));
    Ok(Reply::new(200, "application/json", json!(answer).to_string()))
}

/// A daemon that is away is asked once, not once for each evaluation.
struct Once<'a, W> {
    world: &'a W,
    lost: &'a mut Option<Problem>,
}

impl<W: World> Once<'_, W> {
    fn decide(self, call: &Result<String, Problem>) -> Result<String, Problem> {
        let call = call.as_ref().map_err(Clone::clone)?;
        let answer =
            decide(&Remembering { world: self.world, lost: self.lost.clone() }, call.as_bytes(), None);
        if let Err(problem) = &answer
            && matches!(problem.code, Code::DaemonUnreachable | Code::DaemonTimeout)
        {
            *self.lost = Some(problem.clone());
        }
        answer
    }
}

/// The world, but for a daemon that was not there a moment ago.
struct Remembering<'a, W> {
    world: &'a W,
    lost: Option<Problem>,
}

impl<W: World> World for Remembering<'_, W> {
    fn policy(&self, agent: &str) -> Found {
        self.world.policy(agent)
    }

    fn ask(&self, asked: &Asked<'_>) -> Result<String, Problem> {
        self.lost.clone().map_or_else(|| self.world.ask(asked), Err)
    }

    fn environment(&self) -> Option<&str> {
        self.world.environment()
    }

    fn now(&self) -> Instant {
        self.world.now()
    }

    fn verdict_id(&self) -> String {
        self.world.verdict_id()
    }
}

/// Whether it is an object without a key that stands twice. The engine's reader of calls looks for that
/// before it looks at names, and who reads `action` twice may take the other one.
fn check(body: &[u8]) -> Result<(), Problem> {
    body::check_shape(body)?;
    match Call::parse(body) {
        Err(error) if matches!(error.code, "call-duplicate-key" | "call-not-json" | "call-not-utf8") => {
            let message = error.message.replace("Call", "The request");
            Err(Problem::new(Code::BadJson, message))
        }
        Ok(_) | Err(_) => Ok(()),
    }
}

fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Problem> {
    serde_json::from_slice(body).map_err(|error| Problem::bad_request(format!("no evaluation: {error}")))
}

/// One of many, with what it shares. The outer error is about its shape.
fn call<'a>(own: &'a RawValue, shared: &Evaluation<'a>) -> Result<Result<String, Problem>, Problem> {
    let own: Evaluation<'a> = read(own.get().as_bytes())?;
    let whole = Evaluation {
        subject: own.subject.or_else(|| shared.subject.clone()),
        action: own.action.or_else(|| shared.action.clone()),
        resource: own.resource.or_else(|| shared.resource.clone()),
        context: own.context.or_else(|| shared.context.clone()),
    };
    written(&whole)
}

/// The call. The outer error is a member that is missing, the inner one a thing that nothing governs here.
fn written(own: &Evaluation<'_>) -> Result<Result<String, Problem>, Problem> {
    let (Some(subject), Some(action), Some(resource)) = (&own.subject, &own.action, &own.resource) else {
        return Err(Problem::bad_request("an evaluation has `subject`, `action` and `resource`"));
    };
    if subject.kind != AGENT {
        let detail =
            format!("subjects of the type `{}` are not governed here: send `agent`", visible(&subject.kind));
        return Ok(Err(Problem::bad_request(detail)));
    }
    let both = action.properties.is_some() && resource.properties.as_ref().is_some_and(|own| !own.is_empty());
    if both {
        let detail = "the tool's input is in `action.properties` or in `resource.properties`, not in both";
        return Ok(Err(Problem::bad_request(detail)));
    }
    let mut input: Vec<String> = Vec::new();
    if resource.kind != TOOL {
        input.push(member(&resource.kind, &Value::from(resource.id.as_ref()).to_string()));
    } else if resource.id != action.name {
        let detail = "a resource of the type `tool` is the tool that `action.name` names";
        return Ok(Err(Problem::bad_request(detail)));
    }
    let properties = action.properties.as_ref().or(resource.properties.as_ref());
    input.extend(properties.iter().flat_map(|own| own.iter()).map(|(name, value)| member(name, value.get())));
    let mut call = vec![
        member("agentId", &Value::from(subject.id.as_ref()).to_string()),
        member("toolName", &Value::from(action.name.as_ref()).to_string()),
        member("toolInput", &format!("{{{}}}", input.join(","))),
    ];
    let context = own.context.iter().flat_map(|own| own.iter());
    call.extend(
        context
            .filter(|(name, _)| CONTEXT.contains(&name.as_ref()))
            .map(|(name, value)| member(name, value.get())),
    );
    Ok(Ok(format!("{{{}}}", call.join(","))))
}

fn member(name: &str, value: &str) -> String {
    format!("{}:{value}", Value::from(name))
}

fn visible(text: &str) -> String {
    text.chars().take(64).flat_map(char::escape_debug).collect()
}

fn answer(decided: &Result<String, Problem>) -> Answer {
    let verdict = match decided {
        Ok(json) => serde_json::from_str::<Verdict>(json),
        Err(problem) => return refused(problem),
    };
    let Ok(verdict) = verdict else {
        return refused(&Problem::new(Code::Internal, "the verdict cannot be read"));
    };
    let mut context = json!({
        "reason": verdict.reason,
        "code": verdict.code,
        "layer": verdict.layer,
        "mode": verdict.mode,
        "verdict": verdict.decision,
    });
    let more = [
        ("verdictId", verdict.verdict_id.map(Value::from)),
        ("policyDigest", verdict.policy_digest.map(Value::from)),
        ("approval", verdict.approval),
    ];
    if let Some(members) = context.as_object_mut() {
        members.extend(more.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?))));
    }
    Answer { decision: verdict.permitted, context }
}

/// Nothing was decided, so nothing is permitted.
fn refused(problem: &Problem) -> Answer {
    let error =
        json!({ "status": problem.code.status(), "message": problem.detail, "code": problem.code.word() });
    Answer { decision: false, context: json!({ "reason": problem.detail, "error": error }) }
}
