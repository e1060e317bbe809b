/** What guardFetch takes from the core of the package: seen at a glance. */

export { redact } from "../ledger.js";
export { compile, type Policy } from "../policy.js";
export { Session, type Step } from "../session.js";
export type { Json, Mode, Verdict } from "../types.js";
