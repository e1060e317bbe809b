/** `POST /v1/evaluate`: the daemon's own route, for what needs no daemon. */

import { decide } from "./decide.js";
import { Problem, json } from "./http.js";

/**
 * @param {Request} request
 * @param {Uint8Array} body
 * @param {import("./worker.js").Place} place
 */
export async function evaluate(request, body, place) {
  const key = request.headers.get("idempotency-key");
  if (key !== null && !/^[ -~]{1,255}$/.test(key)) {
    throw new Problem("bad-request", "`Idempotency-Key` has 1 to 255 visible ASCII characters");
  }
  return json(await decide(body, key, place));
}
