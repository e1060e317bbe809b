/** What comes in, bounded before it is looked at, and every error as an answer (RFC 9457), in the daemon's words. */

/** Largest body, in bytes; the daemon takes no larger one. */
export const BODY_BYTES_MAX = 8 * 1024 * 1024 + 64 * 1024;

/** How deeply arrays and objects may be nested. */
const DEPTH_MAX = 128;

const HEADERS = { "cache-control": "no-store", "x-content-type-options": "nosniff", "referrer-policy": "no-referrer" };

/**
 * Status and title of each code.
 * @satisfies {Record<string, [number, string]>}
 */
const CODES = {
  "no-credentials": [401, "Not authenticated"],
  "conflicting-credentials": [401, "Not authenticated"],
  "malformed-credentials": [401, "Not authenticated"],
  "unknown-key": [401, "Not authenticated"],
  "not-found": [404, "Not found"],
  "method-not-allowed": [405, "Method not allowed"],
  "bad-request": [400, "Bad request"],
  "bad-json": [400, "Not JSON"],
  "too-deep": [400, "Nested too deeply"],
  "body-too-large": [413, "Body too large"],
  "unsupported-media-type": [415, "Unsupported media type"],
  "daemon-missing": [503, "No daemon"],
  "daemon-unreachable": [503, "Daemon not reachable"],
  "daemon-timeout": [503, "Daemon too slow"],
  "daemon-refused": [503, "Daemon gave no verdict"],
  "store-unavailable": [503, "Store not available"],
  internal: [500, "Internal error"],
};

/** Why a request is not answered as it hoped to be. */
export class Problem extends Error {
  /**
   * @param {keyof typeof CODES} code
   * @param {string} detail
   * @param {Record<string, string>} [headers]
   */
  constructor(code, detail, headers = {}) {
    super(detail);
    this.code = code;
    this.headers = headers;
  }

  get status() {
    return CODES[this.code][0];
  }

  /**
   * Where a decision was asked for it is a denial as well, in the words of whoever asked: in AuthZEN's, every
   * text would be true.
   * @param {"none" | "soe" | "authzen"} denial
   */
  response(denial) {
    const { code, message: detail } = this;
    const [status, title] = CODES[code];
    const body = { type: `urn:sentinel:problem:${code}`, title, status, detail, code };
    if (denial === "soe") Object.assign(body, { decision: "deny", permitted: false, enforced: true, reason: detail });
    if (denial === "authzen") Object.assign(body, { decision: false });
    const headers = new Headers({ ...HEADERS, ...this.headers, "content-type": "application/problem+json" });
    if (status === 401) headers.set("www-authenticate", 'Bearer realm="sentinel"');
    if (status === 503 && code !== "daemon-missing") headers.set("retry-after", "1");
    return new Response(JSON.stringify(body), { status, headers });
  }
}

/**
 * An answer that is JSON already, or becomes it.
 * @param {string | object} body
 */
export function json(body) {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return new Response(text, { headers: { ...HEADERS, "content-type": "application/json" } });
}

/**
 * The body: an object of a bearable size and depth, as far as brackets and strings tell.
 * @param {Request} request
 */
export async function readBody(request) {
  checkType(request.headers);
  const said = request.headers.get("content-length");
  if (said !== null && Number(said) > BODY_BYTES_MAX) throw tooLarge();
  const body = await bounded(request.body, BODY_BYTES_MAX);
  if (body === null) throw tooLarge();
  checkShape(body);
  return body;
}

function tooLarge() {
  return new Problem("body-too-large", `the body is larger than ${BODY_BYTES_MAX} bytes`);
}

/**
 * All bytes of a stream; null if there are more than so many.
 * @param {ReadableStream<Uint8Array> | null} stream
 * @param {number} most
 */
export async function bounded(stream, most) {
  if (stream === null) return new Uint8Array();
  const chunks = [];
  let size = 0;
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.byteLength;
    if (size > most) {
      reader.cancel().catch(() => {});
      return null;
    }
    chunks.push(value);
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.byteLength;
  }
  return whole;
}

/** @param {Headers} headers */
function checkType(headers) {
  const encoding = headers.get("content-encoding");
  if (encoding !== null && encoding.toLowerCase() !== "identity") {
    throw new Problem("unsupported-media-type", "compressed bodies are not taken: send it as it is");
  }
  const type = headers.get("content-type");
  const [essence = "", ...parameters] = (type ?? "application/json").split(";").map((part) => part.trim().toLowerCase());
  const charset = parameters.find((own) => own.startsWith("charset="))?.slice("charset=".length).replaceAll('"', "");
  if (!/^application\/(?:json|[^\s,;/]+\+json)$/.test(essence) || (charset !== undefined && charset !== "utf-8")) {
    throw new Problem("unsupported-media-type", "send `Content-Type: application/json`");
  }
}

/** @param {Uint8Array} body */
export function checkShape(body) {
  if (body.length === 0) throw new Problem("bad-json", "the body is empty: send a JSON object");
  let [depth, isText, isEscaped, first] = [0, false, false, 0];
  for (const byte of body) {
    if (isText) {
      if (isEscaped) isEscaped = false;
      else if (byte === 0x5c) isEscaped = true;
      else if (byte === 0x22) isText = false;
      continue;
    }
    if (first === 0 && byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09) first = byte;
    if (byte === 0x22) isText = true;
    else if (byte === 0x7b || byte === 0x5b) depth += 1;
    else if (byte === 0x7d || byte === 0x5d) depth = Math.max(0, depth - 1);
    if (depth > DEPTH_MAX) throw new Problem("too-deep", `the body is nested deeper than ${DEPTH_MAX} levels`);
  }
  if (first !== 0x7b) throw new Problem("bad-request", "the body has to be a JSON object");
}
