/**
 * An edge worker that decides without a daemon: which routes there are, who may ask, and in which words a
 * refusal is told. What a route does is in `soe.js` and `authzen.js`.
 */

import { evaluation, evaluations } from "./authzen.js";
import { admit } from "./credential.js";
import { Problem, json, readBody } from "./http.js";
import { settings } from "./settings.js";
import { evaluate } from "./soe.js";

/**
 * @typedef {import("./settings.js").Settings} Settings
 * @typedef {object} Place What holds for one request.
 * @property {Settings} settings
 * @property {(work: Promise<unknown>) => void} waitUntil
 * @property {Problem | null} lost Why the daemon was not there a moment ago.
 *
 * @typedef {{ method: string, denial: "none" | "soe" | "authzen",
 *   answer: (request: Request, body: Uint8Array, place: Place) => Promise<Response> | Response }} Route
 */

/** @type {Record<string, Route | undefined>} */
const ROUTES = Object.assign(Object.create(null), {
  "/v1/evaluate": { method: "POST", denial: "soe", answer: evaluate },
  "/access/v1/evaluation": { method: "POST", denial: "authzen", answer: evaluation },
  "/access/v1/evaluations": { method: "POST", denial: "authzen", answer: evaluations },
  "/.well-known/authzen-configuration": { method: "GET", denial: "none", answer: configuration },
});

export default {
  /**
   * @param {Request} request
   * @param {Record<string, string | undefined>} env
   * @param {{ waitUntil: (work: Promise<unknown>) => void }} ctx
   */
  async fetch(request, env, ctx) {
    const url = new URL(request.url);
    const route = ROUTES[url.pathname];
    let response;
    try {
      if (route === undefined) throw new Problem("not-found", "there is nothing at this path: ask POST /v1/evaluate");
      if (route.method !== request.method) {
        throw new Problem("method-not-allowed", "this path has other methods: see `Allow`", { allow: route.method });
      }
      if (url.search !== "") throw new Problem("bad-request", "this path takes no query parameters");
      /** @type {Place} */
      const place = { settings: settings(env), waitUntil: ctx.waitUntil.bind(ctx), lost: null };
      // Whoever is not known has no body read.
      if (route.method === "POST") await admit(request, place.settings.token);
      const body = route.method === "POST" ? await readBody(request) : new Uint8Array();
      response = await route.answer(request, body, place);
    } catch (error) {
      response = problem(error).response(request.method === route?.method ? route.denial : "none");
    }
    const id = request.headers.get("x-request-id");
    if (id !== null && /^[!-~]{1,128}$/.test(id)) response.headers.set("x-request-id", id);
    return response;
  },
};

/**
 * Something that is no problem of ours is one all the same, and permits nothing.
 * @param {unknown} error
 */
function problem(error) {
  if (error instanceof Problem) return error;
  console.error("a request failed:", error);
  return new Problem("internal", "internal error: the worker's log says more");
}

/**
 * Who this is. The name comes from the settings: made of `Host`, it would be whatever the asker says.
 * @param {Request} _request
 * @param {Uint8Array} _body
 * @param {Place} place
 */
function configuration(_request, _body, { settings: { url } }) {
  if (url === null) throw new Problem("not-found", "EDGE_URL is not set, so this place has no name");
  return json({
    policy_decision_point: url,
    access_evaluation_endpoint: `${url}/access/v1/evaluation`,
    access_evaluations_endpoint: `${url}/access/v1/evaluations`,
  });
}
