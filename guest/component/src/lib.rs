//! The policy engine as a WebAssembly component: one call of the engine per export.
//!
//! This is a shell. It translates and never decides: what an export means is written in
//! `wit/`, what it does is written in `sentinel_engine`, and the way between their types is
//! in `convert`. The world has no imports, so nothing here can reach a clock, a file or
//! the environment.

mod convert;

#[expect(
    unsafe_code,
    reason = "generated: the canonical ABI is raw memory, and the documentation is in wit/"
)]
mod bindings {
    wit_bindgen::generate!({
        path: "../../wit",
        world: "policy-engine",
        default_bindings_module: "crate::bindings",
    });

    export!(Component with_types_in self);

    use super::Component;
}

use std::cell::RefCell;
use std::rc::Rc;

use bindings::exports::sentinel::policy::{engine, types};
use sentinel_engine::mcp;

/// Carries the exports; there is no state beside the policies.
struct Component;

impl engine::Guest for Component {
    type McpAnswer = PassingAnswer;
    type Pending = PendingDecision;
    type Policy = LoadedPolicy;

    fn tally(
        question: types::Question,
        requester: String,
        given: Vec<types::Answer>,
        new: types::Answer,
    ) -> Result<types::Standing, types::AnswerRefusal> {
        let given: Vec<_> = given.into_iter().map(convert::answer_back).collect();
        let (question, new) = (convert::question_back(question), convert::answer_back(new));
        sentinel_engine::answer(&question, &requester, &given, &new)
            .map(convert::standing)
            .map_err(convert::answer_refusal)
    }

    fn learn(baseline: Vec<u8>, observation: Vec<u8>) -> Vec<u8> {
        sentinel_engine::learn(&baseline, &observation)
    }

    fn convert(
        document: String,
        format: engine::Format,
        dialect: Option<engine::Dialect>,
        options: engine::ConvertOptions,
    ) -> Result<engine::Conversion, Vec<types::Diagnostic>> {
        let environments: Vec<_> = options.environments.iter().map(String::as_str).collect();
        let options = sentinel_engine::ConvertOptions {
            agent_id: &options.agent_id,
            version: &options.version,
            environments: &environments,
        };
        let dialect = dialect.map(convert::dialect_back);
        sentinel_engine::convert(&document, convert::format(format), dialect, &options)
            .map(|own| engine::Conversion {
                document: own.document,
                notes: own.notes.into_iter().map(convert::diagnostic).collect(),
            })
            .map_err(|findings| findings.into_iter().map(convert::diagnostic).collect())
    }

    fn read_mcp(
        server: String,
        message: Vec<u8>,
        headers: Option<Vec<types::McpHeader>>,
    ) -> types::McpRequest {
        match mcp::read_unpaid(&message, &convert::headers(headers.as_deref())) {
            Ok(read) => convert::request(&server, read),
            Err(found) => types::McpRequest::Refuse(convert::refusal_of(&found)),
        }
    }

    fn refuse_mcp(
        message: Vec<u8>,
        headers: Option<Vec<types::McpHeader>>,
        told: types::McpTold,
        waiting: Option<types::McpWaiting>,
    ) -> types::McpReply {
        let told = convert::told(&told);
        convert::reply(match (mcp::read_unpaid(&message, &convert::headers(headers.as_deref())), waiting) {
            (Ok(message), Some(own)) => {
                mcp::escalation(&message, &told, &mcp::Pending { id: &own.id, seconds: own.seconds })
            }
            (Ok(message), None) => mcp::denial(&message, &told),
            (Err(found), _) => mcp::refusal(&found),
        })
    }

    fn schema() -> String {
        sentinel_engine::schema()
    }
}

/// A compiled policy, as a resource. Decisions that are not concluded yet keep it alive.
struct LoadedPolicy(Rc<sentinel_engine::Policy>);

/// An answer of a server, as a resource.
struct PassingAnswer {
    policy: Rc<sentinel_engine::Policy>,
    server: String,
    environment: Option<String>,
    mode: Option<sentinel_engine::Mode>,
    answer: RefCell<mcp::Answer>,
}

/// A decision, as a resource.
struct PendingDecision {
    policy: Rc<sentinel_engine::Policy>,
    decision: sentinel_engine::Decision,
}

impl engine::GuestPolicy for LoadedPolicy {
    fn compile(document: String, format: engine::Format) -> Result<engine::Policy, Vec<types::Diagnostic>> {
        sentinel_engine::Policy::load(&document, convert::format(format))
            .map(|policy| engine::Policy::new(Self(Rc::new(policy))))
            .map_err(|findings| findings.into_iter().map(convert::diagnostic).collect())
    }

    fn agent_id(&self) -> String {
        self.0.agent_id().to_owned()
    }

    fn version(&self) -> String {
        self.0.version().to_owned()
    }

    fn mode(&self) -> types::Mode {
        convert::mode(self.0.mode())
    }

    fn digest(&self) -> String {
        self.0.digest().to_string()
    }

    fn risk_max(&self) -> Option<u64> {
        self.0.risk_max()
    }

    fn describe(&self) -> String {
        self.0.describe()
    }

    fn risk_status(&self, used: u64) -> String {
        self.0.risk_status(used).to_owned()
    }

    fn warnings(&self) -> Vec<types::Diagnostic> {
        self.0.warnings().iter().cloned().map(convert::diagnostic).collect()
    }

    fn decide(&self, call: Vec<u8>) -> engine::Decided {
        let decision = sentinel_engine::decide_bytes(&self.0, &call);
        engine::Decided {
            outcome: convert::outcome(decision.outcome),
            effects: decision.effects.iter().cloned().map(convert::effect).collect(),
            paths: decision.paths.clone(),
            may_ask: decision.may_ask(&self.0),
            value: decision.value,
            pending: engine::Pending::new(PendingDecision { policy: Rc::clone(&self.0), decision }),
        }
    }

    fn mcp_answer(
        &self,
        content_type: String,
        server: String,
        environment: Option<String>,
        mode: Option<types::Mode>,
    ) -> engine::McpAnswer {
        let (policy, mode) = (Rc::clone(&self.0), mode.map(convert::mode_back));
        let answer = RefCell::new(mcp::Answer::new(&content_type));
        engine::McpAnswer::new(PassingAnswer { policy, server, environment, mode, answer })
    }
}

impl engine::GuestMcpAnswer for PassingAnswer {
    fn push(&self, bytes: Vec<u8>, end: bool) -> Result<types::McpShown, types::McpFault> {
        let may_see = |tool: &str| {
            let tool = sentinel_engine::mcp_tool(&self.server, tool);
            sentinel_engine::may_see(&self.policy, &tool, self.environment.as_deref(), self.mode)
        };
        let mut answer = self.answer.borrow_mut();
        let before = answer.replaced();
        let bytes = answer.push(&bytes, end, &may_see).map_err(convert::refused)?;
        let replaced = answer.last_fault().filter(|_| answer.replaced() > before).map(convert::fault);
        Ok(types::McpShown { bytes, replaced })
    }
}

impl engine::GuestPending for PendingDecision {
    fn decision(&self) -> types::Decision {
        convert::decision(self.decision.clone())
    }

    fn conclude(
        &self,
        outcomes: Vec<types::EffectOutcome>,
        circumstances: types::Circumstances,
    ) -> types::Verdict {
        let outcomes: Vec<_> = outcomes.into_iter().map(convert::effect_outcome).collect();
        let circumstances = convert::circumstances(&circumstances);
        convert::verdict(sentinel_engine::conclude(&self.policy, &self.decision, &outcomes, &circumstances))
    }
}
