/**
 * The call of the tool `http` that a request is, as JSON text; and the same without what must not be
 * in a record.
 */

import { encodeBase64 } from "./base64.js";
import type { Json } from "./core.js";
import type { PaymentFacts } from "./payment.js";
import { isCredential, isPayment, type Captured } from "./request.js";

/** For whom a request is made. */
export interface Actor {
  readonly agentId: string;
  readonly environment: string | undefined;
}

/** What the engine makes of the spelling of a URL. */
export interface Canonical {
  readonly authority: string;
  readonly path: string;
}

/** The spelling that the runtime sends if nobody says otherwise. */
export function spelling(url: URL): Canonical {
  return { authority: url.host, path: url.pathname + url.search };
}

/** The URL without query, as budgets and records have it. */
export function endpointOf(url: URL, { authority, path }: Canonical): string {
  const end = path.indexOf("?");
  return `${url.protocol}//${authority}${end < 0 ? path : path.slice(0, end)}`;
}

/** The call of a request, with everything that it sends. Values of credentials are not in it: nothing is decided by them. */
export function callOf(actor: Actor, captured: Captured, canonical: Canonical, resolvedIps: readonly string[] | null): string {
  const headers = captured.headers.map(([name, value]) => [name, isCredential(name) ? "[REDACTED]" : value]);
  return write(actor, captured, canonical, headers, resolvedIps, {});
}

/** The same for others, where the engine has no words of its own for it: without what pays. */
export function hiddenCall(actor: Actor, captured: Captured, canonical: Canonical, resolvedIps: readonly string[] | null, paid: PaymentFacts | null): string {
  const member = paid?.member ?? null;
  const hidden = captured.headers.map(([name, value]) => [name, isCredential(name) || isPayment(name) ? "[REDACTED]" : value]);
  const headers = member === null ? hidden : hidden.filter(([name]) => !isPayment(name ?? ""));
  return write(actor, captured, canonical, headers, resolvedIps, member === null ? {} : { payment: member });
}

function write(actor: Actor, captured: Captured, canonical: Canonical, headers: string[][], resolvedIps: readonly string[] | null, more: { [k: string]: Json }): string {
  const toolInput = {
    method: captured.method,
    scheme: captured.url.protocol.slice(0, -1),
    authority: canonical.authority,
    path: canonical.path,
    headers,
    ...body(captured.body),
    ...(resolvedIps === null ? {} : { resolvedIps }),
    ...more,
  };
  return JSON.stringify({
    agentId: actor.agentId,
    toolName: "http",
    toolInput,
    ...(actor.environment === undefined ? {} : { environment: actor.environment }),
    endpoint: endpointOf(captured.url, canonical),
  });
}

function body(bytes: Uint8Array | null): { body?: string; bodyBase64?: string } {
  if (bytes === null) return {};
  try {
    // A byte order mark is part of what is sent.
    return { body: new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes) };
  } catch {
    return { bodyBase64: encodeBase64(bytes) };
  }
}
