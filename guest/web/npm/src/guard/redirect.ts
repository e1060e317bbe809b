/**
 * Where a redirect leads, as the Fetch standard says it: every hop is a request of its own, and is
 * decided as one. What says who asks does not go to another origin, and neither does a payment.
 */

import { GuardError, type DenialContext } from "./error.js";
import { isCredential, isPayment, type Captured } from "./request.js";

export const REDIRECTS_MAX = 20;

const STATUSES = new Set([301, 302, 303, 307, 308]);

/** Of the body, which a request that becomes a GET loses. */
const OF_BODY = new Set(["content-encoding", "content-language", "content-length", "content-location", "content-type"]);

/** Whether an answer leads elsewhere. */
export function isRedirect(response: Response): boolean {
  return response.type === "opaqueredirect" || (STATUSES.has(response.status) && response.headers.has("location"));
}

/** The request that follows, or why there is none. */
export function follow(captured: Captured, response: Response, context: DenialContext): Captured {
  if (response.type === "opaqueredirect") throw GuardError.fault("redirect-hidden", context);
  const location = response.headers.get("location") ?? "";
  if (!URL.canParse(location, captured.url)) throw GuardError.fault("redirect-malformed", context);
  const url = new URL(location, captured.url);
  const isWeb = url.protocol === "http:" || url.protocol === "https:";
  if (!isWeb || url.username !== "" || url.password !== "") throw GuardError.fault("redirect-malformed", context);
  if (url.hash === "") url.hash = captured.url.hash;

  const { status } = response;
  const isPost = captured.method === "POST" && (status === 301 || status === 302);
  const becomesGet = isPost || (status === 303 && captured.method !== "GET" && captured.method !== "HEAD");
  const isElsewhere = url.origin !== captured.url.origin;
  const headers = captured.headers.filter(([name]) => {
    if (name === "host" || (becomesGet && OF_BODY.has(name))) return false;
    return !isElsewhere || !(isCredential(name) || isPayment(name));
  });
  return { ...captured, url, headers, method: becomesGet ? "GET" : captured.method, body: becomesGet ? null : captured.body };
}
