//! Engine types to WIT types, and back where an export takes some. Nothing else.
//!
//! Every enum is matched in full: a case added on one side does not compile until the other
//! side has it.

use sentinel_engine as native;
use sentinel_engine::mcp;

use crate::bindings::exports::sentinel::policy::{engine, types};

pub(crate) fn format(format: engine::Format) -> native::Format {
    match format {
        engine::Format::Json => native::Format::Json,
        engine::Format::Yaml => native::Format::Yaml,
    }
}

pub(crate) fn mode(mode: native::Mode) -> types::Mode {
    match mode {
        native::Mode::Enforce => types::Mode::Enforce,
        native::Mode::Audit => types::Mode::Audit,
        native::Mode::Shadow => types::Mode::Shadow,
        native::Mode::DryRun => types::Mode::DryRun,
    }
}

pub(crate) fn mode_back(mode: types::Mode) -> native::Mode {
    match mode {
        types::Mode::Enforce => native::Mode::Enforce,
        types::Mode::Audit => native::Mode::Audit,
        types::Mode::Shadow => native::Mode::Shadow,
        types::Mode::DryRun => native::Mode::DryRun,
    }
}

pub(crate) fn outcome(outcome: native::Outcome) -> types::Outcome {
    match outcome {
        native::Outcome::Allow => types::Outcome::Allow,
        native::Outcome::Escalate => types::Outcome::Escalate,
        native::Outcome::Deny => types::Outcome::Deny,
    }
}

fn layer(layer: native::Layer) -> types::Layer {
    match layer {
        native::Layer::Identity => types::Layer::Identity,
        native::Layer::Deterministic => types::Layer::Deterministic,
        native::Layer::Network => types::Layer::Network,
        native::Layer::RiskBudget => types::Layer::RiskBudget,
        native::Layer::Budget => types::Layer::Budget,
        native::Layer::RateLimit => types::Layer::RateLimit,
        native::Layer::Anomaly => types::Layer::Anomaly,
        native::Layer::Approval => types::Layer::Approval,
        native::Layer::Engine => types::Layer::Engine,
    }
}

fn access(access: native::Access) -> types::Access {
    match access {
        native::Access::Read => types::Access::Read,
        native::Access::Write => types::Access::Write,
        native::Access::Execute => types::Access::Execute,
        native::Access::Tool => types::Access::Tool,
    }
}

fn rule(rule: native::Rule) -> types::Rule {
    types::Rule { pattern: rule.pattern, pointer: rule.pointer }
}

fn part(part: native::Part) -> types::Part {
    types::Part { text: part.text, start: part.start, end: part.end }
}

fn reason(reason: native::Reason) -> types::Reason {
    types::Reason {
        outcome: outcome(reason.outcome),
        layer: layer(reason.layer),
        code: reason.code.into(),
        message: reason.message,
        rule: reason.rule.map(rule),
        part: reason.part.map(part),
    }
}

fn unit(unit: native::Unit) -> types::Unit {
    match unit {
        native::Unit::Points => types::Unit::Points,
        native::Unit::UsdMicros => types::Unit::UsdMicros,
        native::Unit::Tokens => types::Unit::Tokens,
        native::Unit::Calls => types::Unit::Calls,
    }
}

fn scope(scope: native::Scope) -> types::Scope {
    match scope {
        native::Scope::Session => types::Scope::Session,
        native::Scope::Run => types::Scope::Run,
        native::Scope::Agent => types::Scope::Agent,
    }
}

fn window(window: native::Window) -> types::Window {
    match window {
        native::Window::Lifetime => types::Window::Lifetime,
        native::Window::Fixed(seconds) => types::Window::Fixed(seconds),
        native::Window::Sliding(seconds) => types::Window::Sliding(seconds),
    }
}

pub(crate) fn effect(effect: native::Effect) -> types::Effect {
    match effect {
        native::Effect::Debit(debit) => types::Effect::Debit(types::Debit {
            meter: debit.meter.into(),
            unit: unit(debit.unit),
            scope: scope(debit.scope),
            key: debit.key,
            window: window(debit.window),
            amount: debit.amount,
            limit: debit.limit,
            held: debit.held,
        }),
        native::Effect::Baseline { key } => types::Effect::Baseline(key),
    }
}

pub(crate) fn effect_outcome(outcome: types::EffectOutcome) -> native::EffectOutcome {
    match outcome {
        types::EffectOutcome::Reading(reading) => native::EffectOutcome::Reading(reading),
        types::EffectOutcome::Unmetered => native::EffectOutcome::Unmetered,
        types::EffectOutcome::Refused(reason) => native::EffectOutcome::Refused(reason),
        types::EffectOutcome::Failed(reason) => native::EffectOutcome::Failed(reason),
        types::EffectOutcome::Baseline(bytes) => native::EffectOutcome::Baseline(bytes),
    }
}

pub(crate) fn decision(decision: native::Decision) -> types::Decision {
    types::Decision {
        outcome: outcome(decision.outcome),
        access: access(decision.access),
        reasons: decision.reasons.into_iter().map(reason).collect(),
        effects: decision.effects.into_iter().map(effect).collect(),
        paths: decision.paths,
        agent_id: decision.agent_id,
        tool_name: decision.tool_name,
        call_digest: decision.call_digest.to_string(),
    }
}

pub(crate) fn circumstances(circumstances: &types::Circumstances) -> native::Circumstances {
    native::Circumstances {
        mode: circumstances.mode.map(mode_back),
        approval: approval(circumstances.approval),
        now: circumstances.now,
    }
}

const fn approval(approval: types::Approval) -> native::Approval {
    match approval {
        types::Approval::Nobody => native::Approval::Nobody,
        types::Approval::Possible => native::Approval::Possible,
        types::Approval::Waiting => native::Approval::Waiting,
        types::Approval::Granted(grounds) => native::Approval::Granted(grounds),
        types::Approval::Refused(why) => native::Approval::Refused(refusal(why)),
    }
}

const fn refusal(refusal: types::Refusal) -> native::Refusal {
    match refusal {
        types::Refusal::Denied => native::Refusal::Denied,
        types::Refusal::Expired => native::Refusal::Expired,
        types::Refusal::Used => native::Refusal::Used,
        types::Refusal::Cancelled => native::Refusal::Cancelled,
        types::Refusal::OtherCall => native::Refusal::OtherCall,
        types::Refusal::OtherPolicy => native::Refusal::OtherPolicy,
        types::Refusal::Unknown => native::Refusal::Unknown,
        types::Refusal::TooMany => native::Refusal::TooMany,
    }
}

fn question(question: native::Question) -> types::Question {
    types::Question {
        approvers: question.approvers,
        quorum: question.quorum,
        seconds: question.seconds,
        grounds: question.grounds,
    }
}

pub(crate) fn question_back(question: types::Question) -> native::Question {
    native::Question {
        approvers: question.approvers,
        quorum: question.quorum,
        seconds: question.seconds,
        grounds: question.grounds,
    }
}

pub(crate) fn answer_back(answer: types::Answer) -> native::Answer {
    native::Answer { subject: answer.subject, is_yes: answer.is_yes }
}

pub(crate) const fn standing(standing: native::Standing) -> types::Standing {
    match standing {
        native::Standing::Pending => types::Standing::Pending,
        native::Standing::Approved => types::Standing::Approved,
        native::Standing::Denied => types::Standing::Denied,
    }
}

pub(crate) const fn answer_refusal(refusal: native::AnswerRefusal) -> types::AnswerRefusal {
    match refusal {
        native::AnswerRefusal::OwnCall => types::AnswerRefusal::OwnCall,
        native::AnswerRefusal::NotAnApprover => types::AnswerRefusal::NotAnApprover,
        native::AnswerRefusal::Repeated => types::AnswerRefusal::Repeated,
        native::AnswerRefusal::Settled => types::AnswerRefusal::Settled,
    }
}

pub(crate) const fn dialect_back(dialect: engine::Dialect) -> native::Dialect {
    match dialect {
        engine::Dialect::RulesJson => native::Dialect::RulesJson,
        engine::Dialect::Callguard => native::Dialect::Callguard,
        engine::Dialect::X402 => native::Dialect::X402,
    }
}

fn observation(observation: native::Observation) -> types::Observation {
    types::Observation { key: observation.key, bytes: observation.bytes }
}

pub(crate) fn verdict(verdict: native::Verdict) -> types::Verdict {
    types::Verdict {
        decision: outcome(verdict.decision),
        enforced: verdict.enforced,
        permitted: verdict.permitted,
        reason: verdict.reason,
        code: verdict.code.into(),
        layer: layer(verdict.layer),
        mode: mode(verdict.mode),
        rule: verdict.rule.map(rule),
        tags: verdict.tags,
        question: verdict.question.map(question),
        grounds: verdict.grounds.into_iter().map(reason).collect(),
        redeemed: verdict.redeemed,
        value: verdict.value,
        observations: verdict.observations.into_iter().map(observation).collect(),
        risk_points: verdict.risk_points,
        charges: verdict.charges,
        json: verdict.json,
    }
}

pub(crate) fn headers(headers: Option<&[types::McpHeader]>) -> mcp::Headers<'_> {
    match headers {
        None => mcp::Headers::none(),
        Some(own) => mcp::Headers::of(own.iter().map(|own| (own.name.as_slice(), own.value.as_slice()))),
    }
}

pub(crate) fn request(server: &str, message: mcp::Message<'_>) -> types::McpRequest {
    match message {
        mcp::Message::ToolCall(call) => types::McpRequest::Call(types::McpCall {
            tool: native::mcp_tool(server, &call.name),
            arguments: call.arguments.to_owned(),
            forward: call.forward,
        }),
        mcp::Message::Request { method, .. } | mcp::Message::Notification { method, .. } => {
            types::McpRequest::Pass(Some(method.into_owned()))
        }
        mcp::Message::Answer { .. } => types::McpRequest::Pass(None),
    }
}

pub(crate) fn refusal_of(found: &mcp::Malformed) -> types::McpRefusal {
    let types::McpFault { code, message } = fault(found);
    types::McpRefusal { code, message, reply: reply(mcp::refusal(found)) }
}

pub(crate) fn reply(own: mcp::Reply) -> types::McpReply {
    types::McpReply { status: own.status, body: own.body }
}

pub(crate) fn told(own: &types::McpTold) -> mcp::Told<'_> {
    mcp::Told {
        reason: &own.reason,
        code: &own.code,
        verdict_id: own.verdict_id.as_deref(),
        policy_digest: own.policy_digest.as_deref(),
    }
}

pub(crate) fn fault(found: &mcp::Malformed) -> types::McpFault {
    types::McpFault { code: found.code.to_owned(), message: found.message.clone() }
}

pub(crate) fn refused(own: mcp::Refused) -> types::McpFault {
    types::McpFault { code: own.code.to_owned(), message: own.message }
}

fn severity(severity: native::Severity) -> types::Severity {
    match severity {
        native::Severity::Error => types::Severity::Error,
        native::Severity::Warning => types::Severity::Warning,
    }
}

pub(crate) fn diagnostic(diagnostic: native::Diagnostic) -> types::Diagnostic {
    types::Diagnostic {
        severity: severity(diagnostic.severity),
        code: diagnostic.code.into(),
        message: diagnostic.message,
        help: diagnostic.help,
        label: diagnostic.label,
        pointer: diagnostic.pointer,
        start: offset(diagnostic.span.start),
        end: offset(diagnostic.span.end),
        line: diagnostic.line,
        column: diagnostic.column,
    }
}

/// Documents are far smaller than 4 GiB; were one larger, its end is the nearest place.
fn offset(offset: usize) -> u32 {
    u32::try_from(offset).unwrap_or(u32::MAX)
}
