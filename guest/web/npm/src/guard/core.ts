/**
 * What guardFetch takes from the package's core. One file, so that it is seen at a glance.
 */
export type { Json, Mode, Policy, Session, Step, Verdict } from "../contract-stub.js";
export { PolicyError, callDigest, compile, redact } from "../contract-stub.js";
export { Session as SessionClass } from "../contract-stub.js";
