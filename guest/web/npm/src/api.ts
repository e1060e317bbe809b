/** Everything that the package exports, apart from how a runtime loads the module. */

export { EngineError } from "./engine.js";
export { type LedgerInput, type LedgerResult, type ReceiptResult } from "./ledger.js";
export { redact, redactJson, verifyLedger, verifyReceipt, visible } from "./ledger.js";
export { callDigest, compile, decide, type DocumentOptions, explain, Policy, PolicyError } from "./policy.js";
export { schema, validate } from "./policy.js";
export type * from "./types.js";
