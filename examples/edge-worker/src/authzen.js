/**
 * `POST /access/v1/evaluation` and `…/evaluations`: AuthZEN's Authorization API 1.0, whose words become a call
 * and back.
 *
 * | there | here |
 * |---|---|
 * | `subject`, of the type `agent` | `agentId` |
 * | `action.name` | `toolName` |
 * | `action.properties`, or else `resource.properties` | `toolInput` |
 * | `resource`, of the type `tool` | the same tool once more |
 * | `resource`, of any other type | one more member of `toolInput`: its type is the name, its id the value |
 * | `context` | what else a call may say, by its own names; other members mean nothing here |
 */

import { decide } from "./decide.js";
import { flaw } from "./engine.js";
import { Problem, checkShape, json } from "./http.js";

/** Most evaluations of one request. */
const EVALUATIONS_MAX = 100;

/** Members of a context that a call has as well. */
const CONTEXT = [
  "sessionId", "runId", "environment", "workspace", "home", "cwd", "shell", "resolvedPaths", "protectedPaths",
  "cost", "endpoint", "payee", "http", "approvalId",
];

const SEMANTICS = {
  execute_all: () => false,
  deny_on_first_deny: (/** @type {Answer} */ answer) => !answer.decision,
  permit_on_first_permit: (/** @type {Answer} */ answer) => answer.decision,
};

/**
 * @typedef {import("./worker.js").Place} Place
 * @typedef {Record<string, unknown>} Members
 * @typedef {{ decision: boolean, context: object }} Answer
 */

/**
 * One evaluation.
 * @param {Request} _request
 * @param {Uint8Array} body
 * @param {Place} place
 */
export async function evaluation(_request, body, place) {
  return json(await single(read(body), place));
}

/**
 * Many of them, which share what stands beside them.
 * @param {Request} _request
 * @param {Uint8Array} body
 * @param {Place} place
 */
export async function evaluations(_request, body, place) {
  const { evaluations: all = [], options = {}, ...shared } = read(body);
  if (!Array.isArray(all) || !isObject(options)) {
    throw new Problem("bad-request", "no evaluations: `evaluations` is an array, `options` an object");
  }
  if (all.length === 0) return json(await single(shared, place));
  if (all.length > EVALUATIONS_MAX) {
    throw new Problem("bad-request", `more than ${EVALUATIONS_MAX} evaluations: send them in parts`);
  }
  const word = options.evaluations_semantic ?? "execute_all";
  if (typeof word !== "string" || !Object.hasOwn(SEMANTICS, word)) {
    throw new Problem("bad-request", "`evaluations_semantic` is `execute_all`, `deny_on_first_deny` or `permit_on_first_permit`");
  }
  const isLast = SEMANTICS[/** @type {keyof typeof SEMANTICS} */ (word)];
  const answers = [];
  for (const own of all) {
    const answer = await one(isObject(own) ? { ...shared, ...own } : own, place);
    answers.push(answer);
    if (isLast(answer)) break;
  }
  return json({ evaluations: answers });
}

/**
 * @param {Members} own
 * @param {Place} place
 */
async function single(own, place) {
  return answered(written(own), place);
}

/**
 * One of many: what is wrong with it is said in its place.
 * @param {unknown} own
 * @param {Place} place
 */
async function one(own, place) {
  try {
    if (!isObject(own)) throw new Problem("bad-request", "an evaluation is an object");
    return await answered(written(own), place);
  } catch (error) {
    if (error instanceof Problem) return refused(error);
    throw error;
  }
}

/**
 * The request as values. Numbers keep the spelling that they were sent with: decided is what was sent.
 * @param {Uint8Array} body
 * @returns {Members}
 */
function read(body) {
  checkShape(body);
  const wrong = flaw(body);
  if (wrong !== null) throw new Problem("bad-json", wrong);
  const asSent = (/** @type {string} */ _key, /** @type {unknown} */ value, /** @type {{ source: string }} */ { source }) =>
    typeof value === "number" ? JSON.rawJSON(source) : value;
  return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body), asSent);
}

/**
 * @param {unknown} value
 * @returns {value is Members}
 */
function isObject(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value) && !JSON.isRawJSON(value);
}

/**
 * The call; a problem where nothing governs such a thing here. Throws where a member is missing.
 * @param {Members} evaluation
 * @returns {string | Problem}
 */
function written({ subject, action, resource, context = {} }) {
  const entity = (/** @type {unknown} */ own, /** @type {string[]} */ names) =>
    isObject(own) && names.every((name) => typeof own[name] === "string") &&
    (own.properties === undefined || isObject(own.properties));
  if (!entity(subject, ["type", "id"]) || !entity(action, ["name"]) || !entity(resource, ["type", "id"])) {
    throw new Problem("bad-request", "an evaluation has `subject`, `action` and `resource`, each with its texts");
  }
  if (!isObject(context)) throw new Problem("bad-request", "`context` is an object");
  const [who, what, on] = /** @type {Record<string, any>[]} */ ([subject, action, resource]);
  if (who.type !== "agent") {
    return new Problem("bad-request", `subjects of the type ${JSON.stringify(who.type)} are not governed here: send \`agent\``);
  }
  if (what.properties !== undefined && on.properties !== undefined && Object.keys(on.properties).length > 0) {
    return new Problem("bad-request", "the tool's input is in `action.properties` or in `resource.properties`, not in both");
  }
  if (on.type === "tool" && on.id !== what.name) {
    return new Problem("bad-request", "a resource of the type `tool` is the tool that `action.name` names");
  }
  const input = members(what.properties ?? on.properties ?? {});
  // Texts, not objects: a name that stands twice is the engine's to refuse.
  if (on.type !== "tool") input.unshift(`${JSON.stringify(on.type)}:${JSON.stringify(on.id)}`);
  const known = Object.fromEntries(Object.entries(context).filter(([name]) => CONTEXT.includes(name)));
  const call = [...members({ agentId: who.id, toolName: what.name }), `"toolInput":{${input.join(",")}}`, ...members(known)];
  return `{${call.join(",")}}`;
}

/** @param {Members} own */
function members(own) {
  return Object.entries(own).map(([name, value]) => `${JSON.stringify(name)}:${JSON.stringify(value)}`);
}

/**
 * @param {string | Problem} call
 * @param {Place} place
 * @returns {Promise<Answer>}
 */
async function answered(call, place) {
  if (call instanceof Problem) return refused(call);
  try {
    return told(JSON.parse(await decide(new TextEncoder().encode(call), null, place)));
  } catch (error) {
    if (error instanceof Problem) return refused(error);
    throw error;
  }
}

/**
 * @param {any} verdict
 * @returns {Answer}
 */
function told({ decision: verdict, permitted, reason, code, layer, mode, verdictId, policyDigest, approval }) {
  // What is undefined is left out.
  return { decision: permitted, context: { reason, code, layer, mode, verdict, verdictId, policyDigest, approval } };
}

/**
 * Nothing was decided, so nothing is permitted.
 * @param {Problem} problem
 * @returns {Answer}
 */
function refused({ code, status, message }) {
  return { decision: false, context: { reason: message, error: { status, message, code } } };
}
