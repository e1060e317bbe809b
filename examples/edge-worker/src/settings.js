/** What whoever deployed the worker says about this place: bindings, read and given their closed defaults. */

import { Problem } from "./http.js";

/** Shortest secret, in characters: one that nobody guesses. */
const TOKEN_CHARS_MIN = 32;

/** What the daemon takes for the name of a point, which is this one's with `edge/` before it. */
const POINT = /^[A-Za-z0-9._/-]{1,64}$/;

/** Longest wait for the daemon, unless the settings say otherwise. */
const DAEMON_TIMEOUT_MS = 2_000;

/**
 * @typedef {{ url: string, token: string, timeout: number }} Daemon
 * @typedef {object} Settings
 * @property {string | null} token What callers have to show; null: nobody is let in.
 * @property {string | null} environment Where the agents act; null: the caller says.
 * @property {string} point The name of this place in the daemon's ledger.
 * @property {string | null} url The address that this place has for others.
 * @property {Daemon | null} daemon Who keeps state.
 * @property {boolean} requiresRecords Whether a call is permitted only once the daemon has its record.
 */

/**
 * Throws where something is set that would only be found out later, by records that nobody takes.
 * @param {Record<string, string | undefined>} env
 * @returns {Settings}
 */
export function settings(env) {
  const text = (/** @type {string} */ name) => env[name] || null;
  const [url, token] = [text("DAEMON_URL"), text("DAEMON_TOKEN")];
  const secret = text("EDGE_TOKEN");
  const environment = text("EDGE_ENVIRONMENT") ?? "development";
  const required = text("REQUIRED_RECORDS");
  const point = text("EDGE_POINT") ?? "edge";
  if (!POINT.test(point)) {
    throw new Problem("internal", "EDGE_POINT is not 1 to 64 letters, digits, `.`, `_`, `/` or `-`: nobody is let in");
  }
  return {
    token: secret !== null && secret.length >= TOKEN_CHARS_MIN ? secret : null,
    environment: environment === "*" ? null : environment,
    point,
    url: text("EDGE_URL")?.replace(/\/+$/, "") ?? null,
    // Half a daemon is none: without a token it refuses every question.
    daemon: url !== null && token !== null ? { url: url.replace(/\/+$/, ""), token, timeout: timeout(env) } : null,
    // A word that is not understood asks for more, not for less.
    requiresRecords: required !== null && required !== "false",
  };
}

/** @param {Record<string, string | undefined>} env */
function timeout(env) {
  const own = Number(env.DAEMON_TIMEOUT_MS);
  return Number.isInteger(own) && own > 0 && own <= 60_000 ? own : DAEMON_TIMEOUT_MS;
}
