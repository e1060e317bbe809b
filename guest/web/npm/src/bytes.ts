/** Calls as bytes. Nothing is read here, and nothing is thrown: what cannot be written down is no call. */

import type { CallInput } from "./types.js";

const encoder = new TextEncoder();

/** No JSON, and no UTF-8 either: the engine denies it. */
const UNREADABLE = Uint8Array.of(0xff);

/** Text that UTF-8 cannot hold; writing it would change it. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/** The exact bytes of a call. */
export function callBytes(call: CallInput): Uint8Array {
  if (call instanceof Uint8Array) return call;
  const text = typeof call === "string" ? call : written(call);
  if (text === null || LONE_SURROGATE.test(text)) return UNREADABLE;
  return encoder.encode(text);
}

function written(call: object): string | null {
  try {
    // Of what JSON has no form for, there is no text.
    return JSON.stringify(call) ?? null;
  } catch {
    return null;
  }
}
