/**
 * One call, from its bytes to an answer. What needs no memory the engine concludes here; everything else is the
 * daemon's to say. Whatever goes wrong permits nothing, in every mode.
 */

import { ask } from "./daemon.js";
import { policyOf } from "./engine.js";
import { Problem } from "./http.js";
import { nextId, report } from "./report.js";

/** @typedef {import("./worker.js").Place} Place */

/**
 * What a caller can name and only a daemon knows: a session that it minted, an answer that it keeps, a request
 * that it answered before.
 */
const STATE = ["sessionId", "approvalId", "idempotencyKey"];

/** Those of them that are no part of a call: the engine does not know them. */
const BESIDE = ["approvalId", "idempotencyKey"];

/**
 * The answer, as JSON.
 * @param {Uint8Array} body
 * @param {string | null} key The key of a request that may be repeated.
 * @param {Place} place
 * @returns {Promise<string>}
 */
export async function decide(body, key, place) {
  const seen = look(body);
  const { call, told } = placed(body, seen, place.settings.environment);
  const policy = policyOf(seen.agentId);
  if (policy === undefined) return signed(policyMissing(seen), nextId(place.settings.point), new Date());
  const asked = { body: told, key, agentId: seen.agentId, toolName: seen.toolName };
  const isKnownThere = key !== null || STATE.some((name) => seen.names.has(name));
  const own = isKnownThere ? without(told, seen.names, BESIDE) : call;
  const at = new Date();
  const verdict = policy.decideAlone(own, { now: at.getTime() });
  if (verdict === null) return consult(asked, place);
  const { decision, code, permitted, agentId } = JSON.parse(verdict);
  // What is denied here nobody's answer allows.
  if (isKnownThere && permitted) return consult(asked, place);
  const id = nextId(place.settings.point);
  // A call that the engine cannot read is nobody's, and the daemon records none of those either.
  if (permitted || agentId === seen.agentId) {
    const record = { id, call: isKnownThere ? own : told, decision, code, policyDigest: policy.digest, decidedAt: at };
    await report(record, permitted, place);
  }
  return signed(verdict, id, at);
}

/**
 * The daemon's verdict. Of one that was away a moment ago nothing is asked again for the same request.
 * @param {import("./daemon.js").Asked} asked
 * @param {Place} place
 */
async function consult(asked, place) {
  if (place.lost) throw place.lost;
  try {
    return await ask(asked, place.settings.daemon);
  } catch (error) {
    if (error instanceof Problem && (error.code === "daemon-unreachable" || error.code === "daemon-timeout")) {
      place.lost = error;
    }
    throw error;
  }
}

/**
 * What has to be known of a call before the engine reads it. Everything else about it is the engine's to read.
 * @param {Uint8Array} body
 */
function look(body) {
  const value = parsed(textOf(body));
  const { agentId, toolName, environment } = /** @type {Record<string, unknown>} */ (value);
  if (typeof agentId !== "string" || typeof toolName !== "string") {
    throw new Problem("bad-request", "the request is not a call: `agentId` and `toolName` are texts");
  }
  if (!/^(?!.*\.\.)[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(agentId)) {
    const detail = "`agentId` is no agent id: use letters, digits, `.`, `_` and `-`, 64 characters at most";
    throw new Problem("bad-request", detail);
  }
  return { agentId, toolName, environment, names: new Set(Object.keys(/** @type {object} */ (value))) };
}

/** @param {Uint8Array} body */
function textOf(body) {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(body);
  } catch {
    throw new Problem("bad-request", "the request is not a call: it is not UTF-8");
  }
}

/**
 * @param {string} text
 * @returns {unknown}
 */
function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    throw new Problem("bad-json", "the request is not a call: it is not JSON");
  }
}

/**
 * The call as it is decided here, and as others are told of it: with the environment that this place is in, so
 * that a daemon of another one refuses it.
 * @param {Uint8Array} body
 * @param {{ environment: unknown }} seen
 * @param {string | null} own
 */
function placed(body, { environment }, own) {
  if (own === null || environment === own) return { call: body, told: body };
  if (environment !== undefined) {
    const detail = `this place decides for the environment \`${own}\`: leave \`environment\` out, or ask where the other one is`;
    throw new Problem("bad-request", detail);
  }
  const start = body.indexOf(0x7b) + 1;
  const more = new TextEncoder().encode(`"environment":${JSON.stringify(own)},`);
  const told = new Uint8Array(body.length + more.length);
  told.set(body.subarray(0, start));
  told.set(more, start);
  told.set(body.subarray(start), start + more.length);
  // To leave it out means `development` to the engine, which digests what it was given.
  return { call: own === "development" ? body : told, told };
}

/**
 * The call without some of its members. Numbers keep the spelling that they were sent with.
 * @param {Uint8Array} call
 * @param {Set<string>} names
 * @param {string[]} unwanted
 */
function without(call, names, unwanted) {
  if (!unwanted.some((name) => names.has(name))) return call;
  const asSent = (/** @type {string} */ _key, /** @type {unknown} */ value, /** @type {{ source: string }} */ { source }) =>
    typeof value === "number" ? JSON.rawJSON(source) : value;
  const members = Object.entries(JSON.parse(textOf(call), asSent)).filter(([name]) => !unwanted.includes(name));
  const texts = members.map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`);
  return new TextEncoder().encode(`{${texts.join(",")}}`);
}

/**
 * A verdict that no engine made, in the order of the engine's own.
 * @param {{ agentId: string, toolName: string }} seen
 */
function policyMissing({ agentId, toolName }) {
  return JSON.stringify({
    decision: "deny",
    reason: "No policy governs this agent, so it may do nothing.",
    layer: "engine",
    mode: "enforce",
    rule: null,
    code: "policy-missing",
    enforced: true,
    permitted: false,
    agentId,
    toolName,
  });
}

/**
 * Adds to the engine's own bytes, which stay as they are.
 * @param {string} verdict
 * @param {string} id
 * @param {Date} at
 */
function signed(verdict, id, at) {
  return `${verdict.slice(0, -1)},"timestamp":"${at.toISOString()}","verdictId":${JSON.stringify(id)}}`;
}
