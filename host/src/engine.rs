//! The policy engine, met only as the built component.
//!
//! [`Engine`] loads the component once. A [`Session`] is one instance of it with one compiled
//! policy, and answers every call: with the engine's verdict, or with a denial if the engine
//! failed. Nothing here knows what a policy says.

mod bindings;
#[doc(hidden)]
pub mod config;
mod error;
mod fault;
mod mcp;
mod pool;
mod session;
mod ticker;
mod worker;

use wasmtime::component::{Component, InstancePre, Linker};
use wasmtime::{Store, StoreLimits, StoreLimitsBuilder};

use bindings::PolicyEnginePre;
pub use bindings::exports::sentinel::policy::engine::{Conversion, ConvertOptions, Dialect, Format};
pub use bindings::exports::sentinel::policy::types::{
    Access, Answer, AnswerRefusal, Approval, Circumstances, Debit, Decision, Diagnostic, Effect,
    EffectOutcome, Layer, McpCall, McpFault, McpHeader, McpRefusal, McpReply, McpRequest, McpShown, McpTold,
    McpWaiting, Mode, Observation, Outcome, Part, Question, Reason, Refusal, Rule, Scope, Severity, Standing,
    Unit, Verdict, Window,
};
pub use error::{EngineError, LoadError};
pub use fault::{FAULT_CODE, FAULT_REASON, OVERSIZE_CODE, denial};
pub use mcp::Passing;
pub use pool::{PolicyText, Pool, Proposal};
pub use session::{Evaluation, RISK_DAY_METER, RISK_METER, Session, fresh, unmetered};

pub use worker::Facts;

use crate::limits::{INSTANCE_MEMORY_BYTES_MAX, TICKS_MAX};

/// The component that was built with this binary, as machine code.
const COMPONENT: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/component.cwasm"));

/// `sha256:` and 64 hex digits, over the component that was built with this binary.
pub const COMPONENT_DIGEST: &str = env!("SENTINEL_COMPONENT_DIGEST");

/// The component, loaded and ready to be instantiated. Cheap to clone.
#[derive(Clone)]
pub struct Engine {
    pre: PolicyEnginePre<Limits>,
    imports: usize,
}

/// The word used on the wire.
pub const fn layer_word(layer: Layer) -> &'static str {
    match layer {
        Layer::Identity => "identity",
        Layer::Deterministic => "deterministic",
        Layer::RiskBudget => "risk-budget",
        Layer::Budget => "budget",
        Layer::RateLimit => "rate-limit",
        Layer::Anomaly => "anomaly",
        Layer::Approval => "approval",
        Layer::Engine => "engine",
    }
}

/// State of a store: what its instance may use.
struct Limits(StoreLimits);

impl Engine {
    /// The engine that was built with this binary.
    ///
    /// # Errors
    ///
    /// Where the operating system refuses the address space or the thread that it needs.
    pub fn embedded() -> Result<Self, EngineError> {
        // The bytes come from our own build script, in the same build.
        #[expect(
            unsafe_code,
            reason = "the machine code was compiled from our own component by our own build"
        )]
        // SAFETY: `COMPONENT` is the unchanged output of `Engine::precompile_component`.
        unsafe {
            Self::from_machine_code(COMPONENT)
        }
    }

    /// An engine from a component compiled elsewhere, with the settings of [`config::runtime`].
    ///
    /// # Safety
    ///
    /// The bytes run as machine code: they must be the unchanged output of
    /// `wasmtime::Engine::precompile_component`.
    ///
    /// # Errors
    ///
    /// Where the bytes were compiled with other settings, or are not this world.
    #[expect(unsafe_code, reason = "loading machine code is as unsafe as its origin; callers vouch for it")]
    pub unsafe fn from_machine_code(bytes: &[u8]) -> Result<Self, EngineError> {
        let engine = wasmtime::Engine::new(&config::runtime()).map_err(EngineError::start)?;
        // SAFETY: the caller vouches for the bytes.
        let component = unsafe { Component::deserialize(&engine, bytes) }.map_err(EngineError::load)?;
        let imports = component.component_type().imports(&engine).count();
        // The linker offers nothing, so a component with an import does not get past this line.
        let pre: InstancePre<Limits> =
            Linker::new(&engine).instantiate_pre(&component).map_err(EngineError::load)?;
        let pre = PolicyEnginePre::new(pre).map_err(EngineError::load)?;
        ticker::start(&engine)?;
        Ok(Self { pre, imports })
    }

    /// Number of things that the component imports: nought, or it would not have loaded.
    pub const fn imports(&self) -> usize {
        self.imports
    }

    /// The JSON Schema of the policy document.
    ///
    /// # Errors
    ///
    /// Where the engine failed.
    pub fn schema(&self) -> Result<String, EngineError> {
        let mut store = self.store();
        let instance = self.pre.instantiate(&mut store).map_err(EngineError::fault)?;
        instance.sentinel_policy_engine().call_schema(&mut store).map_err(EngineError::fault)
    }

    /// Writes a policy document of another product as one of ours. The inner error lists every
    /// mistake in it.
    ///
    /// # Errors
    ///
    /// Where the engine failed.
    pub fn convert(
        &self,
        document: &str,
        format: Format,
        dialect: Option<Dialect>,
        options: &ConvertOptions,
    ) -> Result<Result<Conversion, Vec<Diagnostic>>, EngineError> {
        let mut store = self.store();
        let instance = self.pre.instantiate(&mut store).map_err(EngineError::fault)?;
        let engine = instance.sentinel_policy_engine();
        engine.call_convert(&mut store, document, format, dialect, options).map_err(EngineError::fault)
    }

    /// A store whose guest may use so much memory and, for its first call, so much time.
    fn store(&self) -> Store<Limits> {
        let limits = StoreLimitsBuilder::new().memory_size(INSTANCE_MEMORY_BYTES_MAX).build();
        let mut store = Store::new(self.pre.engine(), Limits(limits));
        store.limiter(|limits| &mut limits.0);
        store.set_epoch_deadline(TICKS_MAX);
        store
    }
}
