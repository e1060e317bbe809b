//! The policy engine: decides whether an agent's call may go ahead. Pure and deterministic; it
//! never sees a clock, randomness, a file, a socket or the environment.
//!
//! ```text
//! text ─ parse ─▶ SyntaxTree ─ check ─▶ CheckedPolicy ─ compile ─▶ Policy ─┐
//! JSON ─ Call::parse ─▶ Call ──────────────────────────────────────────────┤
//!                                                                          ▼
//!                       decide   ─▶ Decision { outcome, reasons, effects }
//!                       (the caller reads its meters)
//!                       conclude ─▶ Verdict
//! ```
//!
//! A newcomer starts at [`decide`]; what a command line may run is found by the `shell` and
//! `command` modules, what a path means by `path`.
//!
//! ```
//! use sentinel_engine::{Circumstances, EffectOutcome, Format, Outcome, Policy, conclude, decide_bytes};
//!
//! let policy = Policy::load(
//!     r#"{
//!         "agentId": "demo",
//!         "version": "1.0.0",
//!         "identity": { "authorityLevel": "limited-ops", "environmentScope": ["development"] },
//!         "toolActions": { "bash": { "allow": ["npm test", "git *"], "deny": ["rm -rf *", "sudo *"] } }
//!     }"#,
//!     Format::Json,
//! )
//! .expect("the document has no mistakes");
//! let call = br#"{"agentId":"demo","toolName":"Bash","toolInput":{"command":"git log && npm test"}}"#;
//! let decision = decide_bytes(&policy, call);
//! let verdict = conclude(&policy, &decision, &[EffectOutcome::Unmetered], &Circumstances::default());
//! assert_eq!(verdict.decision, Outcome::Allow);
//! assert_eq!(verdict.reason, r#"Bash command matches allow pattern "git *"."#);
//! ```

mod approval;
mod check;
mod compile;
mod policy;

mod anomaly;
mod call;
mod decide;
mod decision;
mod effect;
mod meters;

mod conclude;

mod carried;
mod command;
mod condition;
mod exchange;
mod http;
mod network;
mod outline;
mod path;
mod shell;

mod base64;
mod data;
mod describe;
mod diagnostic;
mod dialect;
mod document;
mod limits;
mod literal_index;
mod money;
mod prefix_index;
mod protocol;
mod syntax;
mod tool_index;
mod url;
mod wire;

pub use anomaly::learn;
pub use approval::{Answer, AnswerRefusal, Approval, Question, Refusal, Standing, answer};
pub use call::{Call, CallError};
pub use check::{CheckedPolicy, check, parse};
pub use compile::compile;
pub use conclude::{Circumstances, Observation, Verdict, conclude, conclude_stateless};
pub use decide::{decide, decide_bytes, may_see, mcp_tool};
pub use decision::{Access, Decision, Digest, Layer, Mode, Outcome, Part, Reason, Rule};
pub use diagnostic::{Diagnostic, Severity, Span};
pub use dialect::{Conversion, ConvertOptions, Dialect, convert};
pub use document::schema;
pub use effect::{Debit, Effect, EffectOutcome, RISK_DAY_METER, RISK_METER, Scope, Unit, Window};
pub use exchange::{
    Actor, AnswerPlan, AnswerReader, AnswerRefused, Exchange, HttpRequest, Objection, Opened, ProtocolReply,
    Resolved, Secret, Told, http_call,
};
pub use http::{BodyWanted, Forward, HttpHead};
pub use money::parse as usd_micros;
pub use outline::{CommandNode, Outline, Relation, outline};
pub use policy::Policy;
pub use protocol::{llm, mcp, sse, x402};
pub use syntax::SyntaxTree;
pub use wire::visible;

/// The notation of a policy document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// RFC 8259.
    Json,
    /// YAML 1.2, without anchors, aliases and tags.
    Yaml,
}
