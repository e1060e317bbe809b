/**
 * A request as it is decided: a copy that nobody can change any more, with its whole body.
 *
 * What the runtime's own `Request` makes of the input is what is decided, and what is sent. Nothing is
 * decided here; what cannot be read is refused.
 */

import { GuardError, type DenialContext } from "./error.js";

/** The parts of a request that the runtime knows and no policy speaks of. */
type Manner = Pick<RequestInit, "mode" | "credentials" | "cache" | "referrer" | "referrerPolicy" | "integrity" | "keepalive">;

export interface Captured {
  readonly method: string;
  readonly url: URL;
  /** Names in lower case. */
  readonly headers: readonly (readonly [string, string])[];
  readonly body: Uint8Array<ArrayBuffer> | null;
  readonly redirect: RequestRedirect;
  readonly signal: AbortSignal;
  readonly manner: Manner;
}

/** Words in the names of headers whose values say who asks: the engine's table `data/headers.rs`. */
const CREDENTIALS = ["apikey", "authorization", "cookie", "credential", "passwd", "password", "secret", "token"];
const CREDENTIALS_END = ["-key", "_key"];
const NO_CREDENTIALS = ["idempotency-key", "sec-websocket-key", "surrogate-key", "x-idempotency-key"];

/** Whether the value of this header is a secret. It is then not part of a call, and not of a record. */
export function isCredential(name: string): boolean {
  const own = name.toLowerCase();
  const isLike = CREDENTIALS.some((word) => own.includes(word)) || CREDENTIALS_END.some((end) => own.endsWith(end));
  return isLike && !own.startsWith("mcp-param-") && !NO_CREDENTIALS.includes(own);
}

/** Whether this header carries a payment. Some servers take `_` for `-`. */
export function isPayment(name: string): boolean {
  const own = name.toLowerCase().replaceAll("_", "-");
  return own === "payment-signature" || own === "x-payment";
}

/** Takes a request as `fetch` would, and reads its body up to a bound. */
export async function capture(input: RequestInfo | URL, init: RequestInit | undefined, bodyBytesMax: number, context: DenialContext): Promise<Captured> {
  let request: Request;
  try {
    // A stream needs to be told that nobody answers before it ends.
    const streamed = init?.body instanceof ReadableStream ? ({ ...init, duplex: "half" } as RequestInit) : init;
    request = new Request(input, streamed);
  } catch (cause) {
    throw GuardError.fault("request-malformed", { ...context, cause });
  }
  const url = new URL(request.url);
  if ((url.protocol !== "http:" && url.protocol !== "https:") || url.username !== "" || url.password !== "") {
    throw GuardError.fault("request-malformed", context);
  }
  request.signal.throwIfAborted();
  return {
    method: request.method,
    url,
    headers: [...request.headers],
    body: await readBody(request, bodyBytesMax, context),
    redirect: request.redirect,
    signal: request.signal,
    manner: manner(request),
  };
}

async function readBody(request: Request, bytesMax: number, context: DenialContext): Promise<Uint8Array<ArrayBuffer> | null> {
  if (request.method === "GET" || request.method === "HEAD") return null;
  const refuse = (code: "body-too-large" | "body-unreadable", cause?: unknown) => GuardError.fault(code, { ...context, cause });
  if (request.body === undefined) {
    // A browser that has no streams for requests knows the length of what it was given.
    const whole = new Uint8Array(await request.arrayBuffer());
    if (whole.length > bytesMax) throw refuse("body-too-large");
    return whole.length === 0 ? null : whole;
  }
  if (request.body === null) return null;
  const pieces: Uint8Array[] = [];
  let length = 0;
  const reader = request.body.getReader();
  const stop = () => void reader.cancel(request.signal.reason).catch(() => undefined);
  request.signal.addEventListener("abort", stop, { once: true });
  try {
    for (;;) {
      const { done, value } = await reader.read();
      request.signal.throwIfAborted();
      if (done) break;
      length += value.length;
      if (length > bytesMax) throw refuse("body-too-large");
      pieces.push(value);
    }
  } catch (cause) {
    void reader.cancel(cause).catch(() => undefined);
    if (cause instanceof GuardError || request.signal.aborted) throw cause;
    throw refuse("body-unreadable", cause);
  } finally {
    request.signal.removeEventListener("abort", stop);
  }
  const whole = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}

function manner(request: Request): Manner {
  const own: Manner = {};
  // Not every runtime has all of them, and some refuse even the usual value.
  if (request.mode !== undefined && request.mode !== "cors" && request.mode !== "navigate") own.mode = request.mode;
  if (request.credentials !== undefined && request.credentials !== "same-origin") own.credentials = request.credentials;
  if (request.cache !== undefined && request.cache !== "default") own.cache = request.cache;
  if (request.referrer !== undefined && request.referrer !== "about:client") own.referrer = request.referrer;
  if (request.referrerPolicy !== undefined && request.referrerPolicy !== "") own.referrerPolicy = request.referrerPolicy;
  if (request.integrity !== undefined && request.integrity !== "") own.integrity = request.integrity;
  if (request.keepalive === true) own.keepalive = true;
  return own;
}

/** The request with a note in place of its body, which says how long that was; null where it has none. */
export function withoutBody(captured: Captured): Captured | null {
  const { body } = captured;
  return body === null ? null : { ...captured, body: new TextEncoder().encode(`[left out: ${body.length} bytes]`) };
}

/** The request to be sent: to the place that was decided, and never following anybody. */
export function toRequest(captured: Captured, url: URL): Request {
  const { method, headers, body, signal, manner: own } = captured;
  return new Request(url, { ...own, method, headers: headers.map(([name, value]): [string, string] => [name, value]), body, signal, redirect: "manual" });
}

/**
 * Where the verdict says that the request has to go. Null where the runtime would write it in another
 * way, for then something else would be sent than was decided.
 */
export function forwardUrl(captured: Captured, forward: { authority: string; path: string }): URL | null {
  const text = `${captured.url.protocol}//${forward.authority}${forward.path}`;
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  return url.host === forward.authority && url.pathname + url.search === forward.path ? url : null;
}
