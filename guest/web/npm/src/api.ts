/** Everything that the package exports, apart from how a runtime loads the module. */

export { EngineError } from "./engine.js";
export type { CheckpointResult, ConsistencyInput, ConsistencyResult } from "./ledger.js";
export type { LedgerInput, LedgerResult, ReceiptResult } from "./ledger.js";
export { redact, redactJson, visible } from "./ledger.js";
export { verifyCheckpoint, verifyConsistency, verifyLedger, verifyReceipt } from "./ledger.js";
export { callDigest, compile, decide, type DocumentOptions, explain, Policy, PolicyError } from "./policy.js";
export { schema, validate } from "./policy.js";
export type * from "./types.js";
export * from "./guard.js";
export { type Charge, type Cost, type MeterState, type Question, type RiskState, Session } from "./session.js";
export { simulate, type SimulateOptions, type Simulation, type Step, type StepOptions } from "./session.js";
export { type SessionOptions, type Unit } from "./session.js";
