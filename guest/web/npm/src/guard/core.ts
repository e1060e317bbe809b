/** What guardFetch takes from the core of the package: seen at a glance. */

export { redact } from "../ledger.js";
export { compile, type Policy } from "../policy.js";
export type { Json, Mode, Verdict } from "../types.js";
export { Session as SessionClass, type Session, type Step } from "../contract-stub.js";
