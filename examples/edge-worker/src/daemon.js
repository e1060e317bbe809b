/** Asks the daemon, and reads what it says. An answer that is not exactly a verdict about this call is none. */

import { Problem, bounded } from "./http.js";

/** Longest answer, in bytes. */
const ANSWER_BYTES_MAX = 256 * 1024;

/**
 * @typedef {import("./settings.js").Daemon} Daemon
 * @typedef {{ body: Uint8Array, key: string | null, agentId: string, toolName: string }} Asked
 */

/**
 * Asks for a verdict; the answer is given as it came.
 * @param {Asked} asked
 * @param {Daemon | null} daemon
 */
export async function ask(asked, daemon) {
  if (daemon === null) {
    const detail = "the call needs meters, a person or an earlier answer, and no daemon is configured here";
    throw new Problem("daemon-missing", detail);
  }
  /** @type {Record<string, string>} */
  const more = asked.key === null ? {} : { "idempotency-key": asked.key };
  const { status, text } = await post(daemon, "/v1/evaluate", asked.body, more);
  if (status !== 200) throw new Problem("daemon-refused", `the daemon answered ${status}, and no verdict`);
  if (!isVerdict(text, asked)) throw new Problem("daemon-refused", "the daemon did not answer with a verdict on this call");
  return text;
}

/**
 * The environment that the daemon decides for; null if it does not say.
 * @param {Daemon} daemon
 * @returns {Promise<string | null>}
 */
export async function environmentOf(daemon) {
  const { text } = await send(daemon, "/v1/health", { method: "GET" });
  const { environment } = JSON.parse(text) ?? {};
  return typeof environment === "string" ? environment : null;
}

/**
 * Sends something.
 * @param {Daemon} daemon
 * @param {string} path
 * @param {Uint8Array | string} body
 * @param {Record<string, string>} [more]
 */
export function post(daemon, path, body, more = {}) {
  const headers = { ...more, "content-type": "application/json" };
  return send(daemon, path, { method: "POST", headers, body: /** @type {BodyInit} */ (body) });
}

/**
 * Asks, and waits no longer than the settings say: for the last byte, too.
 * @param {Daemon} daemon
 * @param {string} path
 * @param {{ method: string, headers?: Record<string, string>, body?: BodyInit }} request
 */
async function send({ url, token, timeout }, path, request) {
  const signal = AbortSignal.timeout(timeout);
  try {
    const headers = { ...request.headers, authorization: `Bearer ${token}` };
    const response = await fetch(url + path, { ...request, headers, redirect: "manual", signal });
    const bytes = await bounded(response.body, ANSWER_BYTES_MAX);
    if (bytes === null) throw new Problem("daemon-refused", "the daemon's answer is too long");
    return { status: response.status, text: new TextDecoder().decode(bytes) };
  } catch (error) {
    if (error instanceof Problem) throw error;
    if (signal.aborted) throw new Problem("daemon-timeout", "the daemon that keeps state did not answer in time");
    throw new Problem("daemon-unreachable", "the daemon that keeps state cannot be reached");
  }
}

/**
 * One about another call, or one that permits what it says is denied and enforced, is no answer.
 * @param {string} text
 * @param {Asked} asked
 */
function isVerdict(text, { agentId, toolName }) {
  let ruling;
  try {
    ruling = JSON.parse(text);
  } catch {
    return false;
  }
  if (typeof ruling !== "object" || ruling === null) return false;
  const { decision, permitted, enforced } = ruling;
  const isWhole = typeof permitted === "boolean" && typeof enforced === "boolean";
  const isKnown = decision === "allow" || decision === "escalate" || decision === "deny";
  const contradicts = permitted && enforced && decision !== "allow";
  return isWhole && isKnown && !contradicts && ruling.agentId === agentId && ruling.toolName === toolName;
}
