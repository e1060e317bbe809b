//! One instance of the component, and the policies compiled in it.
//!
//! Every method may trap. Then the instance may have left its memory half changed, and its owner
//! throws it away: a worker is never asked again after an error.

use wasmtime::Store;
use wasmtime::component::ResourceAny;

use super::bindings::PolicyEngine;
use super::bindings::exports::sentinel::policy::engine::Decided;
use super::{
    Answer, AnswerRefusal, Circumstances, Decision, Diagnostic, EffectOutcome, Engine, EngineError, Format,
    Limits, LoadError, McpFault, McpHeader, McpReply, McpRequest, McpShown, McpTold, McpWaiting, Mode,
    Question, Standing, Verdict,
};
use crate::limits::TICKS_MAX;

/// An instance, alive.
pub(super) struct Worker {
    store: Store<Limits>,
    instance: PolicyEngine,
}

/// What a policy says of itself.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The agent that it governs.
    pub agent_id: String,
    /// Version of the document.
    pub version: String,
    /// Rollout mode of the document.
    pub mode: Mode,
    /// `sha256:` and 64 hex digits, over the text of the document.
    pub digest: String,
    /// The most risk points of a session, where the document sets a budget.
    pub risk_max: Option<u64>,
    /// Findings that did not stop the document from loading.
    pub warnings: Vec<Diagnostic>,
}

impl Worker {
    pub(super) fn start(engine: &Engine) -> Result<Self, EngineError> {
        let mut store = engine.store();
        let instance = engine.pre.instantiate(&mut store).map_err(EngineError::fault)?;
        Ok(Self { store, instance })
    }

    /// Compiles a document. A refusal leaves the worker as it was.
    pub(super) fn compile(&mut self, document: &str, format: Format) -> Result<ResourceAny, LoadError> {
        self.store.set_epoch_deadline(TICKS_MAX);
        self.instance
            .sentinel_policy_engine()
            .policy()
            .call_compile(&mut self.store, document, format)
            .map_err(EngineError::fault)?
            .map_err(LoadError::Refused)
    }

    pub(super) fn facts(&mut self, policy: ResourceAny) -> wasmtime::Result<Facts> {
        let guest = self.instance.sentinel_policy_engine().policy();
        self.store.set_epoch_deadline(TICKS_MAX);
        Ok(Facts {
            agent_id: guest.call_agent_id(&mut self.store, policy)?,
            version: guest.call_version(&mut self.store, policy)?,
            mode: guest.call_mode(&mut self.store, policy)?,
            digest: guest.call_digest(&mut self.store, policy)?,
            risk_max: guest.call_risk_max(&mut self.store, policy)?,
            warnings: guest.call_warnings(&mut self.store, policy)?,
        })
    }

    pub(super) fn describe(&mut self, policy: ResourceAny) -> wasmtime::Result<String> {
        self.store.set_epoch_deadline(TICKS_MAX);
        self.instance.sentinel_policy_engine().policy().call_describe(&mut self.store, policy)
    }

    pub(super) fn risk_status(&mut self, policy: ResourceAny, used: u64) -> wasmtime::Result<String> {
        self.store.set_epoch_deadline(TICKS_MAX);
        self.instance.sentinel_policy_engine().policy().call_risk_status(&mut self.store, policy, used)
    }

    pub(super) fn decide(&mut self, policy: ResourceAny, call: &[u8]) -> wasmtime::Result<Decided> {
        self.store.set_epoch_deadline(TICKS_MAX);
        self.instance.sentinel_policy_engine().policy().call_decide(&mut self.store, policy, call)
    }

    pub(super) fn decision(&mut self, pending: ResourceAny) -> wasmtime::Result<Decision> {
        self.store.set_epoch_deadline(TICKS_MAX);
        self.instance.sentinel_policy_engine().pending().call_decision(&mut self.store, pending)
    }

    pub(super) fn conclude(
        &mut self,
        pending: ResourceAny,
        outcomes: &[EffectOutcome],
        circumstances: Circumstances,
    ) -> wasmtime::Result<Verdict> {
        self.store.set_epoch_deadline(TICKS_MAX);
        let guest = self.instance.sentinel_policy_engine().pending();
        guest.call_conclude(&mut self.store, pending, outcomes, circumstances)
    }

    pub(super) fn tally(
        &mut self,
        question: &Question,
        requester: &str,
        given: &[Answer],
        new: &Answer,
    ) -> wasmtime::Result<Result<Standing, AnswerRefusal>> {
        self.store.set_epoch_deadline(TICKS_MAX);
        let engine = self.instance.sentinel_policy_engine();
        engine.call_tally(&mut self.store, question, requester, given, new)
    }

    pub(super) fn learn(&mut self, baseline: &[u8], observation: &[u8]) -> wasmtime::Result<Vec<u8>> {
        self.store.set_epoch_deadline(TICKS_MAX);
        self.instance.sentinel_policy_engine().call_learn(&mut self.store, baseline, observation)
    }

    pub(super) fn read_mcp(
        &mut self,
        server: &str,
        message: &[u8],
        headers: Option<&[McpHeader]>,
    ) -> wasmtime::Result<McpRequest> {
        self.store.set_epoch_deadline(TICKS_MAX);
        let engine = self.instance.sentinel_policy_engine();
        engine.call_read_mcp(&mut self.store, server, message, headers)
    }

    pub(super) fn refuse_mcp(
        &mut self,
        message: &[u8],
        headers: Option<&[McpHeader]>,
        told: &McpTold,
        waiting: Option<&McpWaiting>,
    ) -> wasmtime::Result<McpReply> {
        self.store.set_epoch_deadline(TICKS_MAX);
        let engine = self.instance.sentinel_policy_engine();
        engine.call_refuse_mcp(&mut self.store, message, headers, told, waiting)
    }

    pub(super) fn mcp_answer(
        &mut self,
        policy: ResourceAny,
        content_type: &str,
        server: &str,
        environment: Option<&str>,
        mode: Option<Mode>,
    ) -> wasmtime::Result<ResourceAny> {
        self.store.set_epoch_deadline(TICKS_MAX);
        let guest = self.instance.sentinel_policy_engine().policy();
        guest.call_mcp_answer(&mut self.store, policy, content_type, server, environment, mode)
    }

    pub(super) fn push(
        &mut self,
        answer: ResourceAny,
        bytes: &[u8],
        end: bool,
    ) -> wasmtime::Result<Result<McpShown, McpFault>> {
        self.store.set_epoch_deadline(TICKS_MAX);
        let guest = self.instance.sentinel_policy_engine().mcp_answer();
        guest.call_push(&mut self.store, answer, bytes, end)
    }

    /// Gives back the memory of a policy or a decision.
    pub(super) fn forget(&mut self, resource: ResourceAny) -> wasmtime::Result<()> {
        self.store.set_epoch_deadline(TICKS_MAX);
        resource.resource_drop(&mut self.store)
    }
}
