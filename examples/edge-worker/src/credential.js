/** Whether a caller may ask: one bearer token, compared in a time that tells nothing of it. */

import { Problem } from "./http.js";

/**
 * Lets the caller in, or throws.
 * @param {Request} request
 * @param {string | null} token
 */
export async function admit(request, token) {
  if (token === null) {
    throw new Problem("internal", "EDGE_TOKEN is not set or shorter than 32 characters: nobody is let in");
  }
  const header = request.headers.get("authorization");
  if (header === null) throw new Problem("no-credentials", "no credentials: send `Authorization: Bearer …`");
  if (request.headers.has("x-soe-api-key")) {
    throw new Problem("conflicting-credentials", "more than one credential: send one");
  }
  // Two headers were joined with a comma and a blank, which no token has.
  const [, sent] = /^bearer ([!-~]+)$/i.exec(header) ?? [];
  if (sent === undefined) throw new Problem("malformed-credentials", "the credentials cannot be read");
  // Digests have one length, so not even the length of the token shows.
  const [ours, theirs] = await Promise.all([digest(token), digest(sent)]);
  if (!crypto.subtle.timingSafeEqual(ours, theirs)) {
    throw new Problem("unknown-key", "the key is not known here");
  }
}

/** @param {string} text */
function digest(text) {
  return crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
}
