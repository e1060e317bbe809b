/**
 * What the playground holds, as a part of an address behind `#`: JSON, compressed, in base64url, with a version in
 * front. Browsers send that part to nobody. A fragment was written by anybody: it is bounded before it is unpacked
 * and while it is, and every field is checked.
 */
export interface Shared {
  readonly policy: string;
  readonly notation: "json" | "yaml";
  readonly tab: "call" | "session";
  /** JSON texts, as they were typed. */
  readonly call: string;
  readonly calls: readonly string[];
  readonly environment: string;
}

export type Unpacked = { readonly ok: true; readonly shared: Shared } | { readonly ok: false; readonly why: string };

const VERSION = "v1.";
/** Longer addresses are cut by too much that they pass through. */
export const FRAGMENT_MOST = 64 * 1024;
/** What a fragment may unpack to: a hundred times as much would still be a small one. */
export const UNPACKED_MOST = 1024 * 1024;
const CALLS_MOST = 1_000;

export async function pack(shared: Shared): Promise<Unpacked & { readonly fragment?: string }> {
  const fields = {
    p: shared.policy,
    n: shared.notation,
    t: shared.tab,
    c: shared.call,
    s: shared.calls,
    e: shared.environment,
  };
  const bytes = new TextEncoder().encode(JSON.stringify(fields));
  if (bytes.length > UNPACKED_MOST) return { ok: false, why: tooLarge(bytes.length, UNPACKED_MOST) };
  const stream = new Blob([bytes]).stream().pipeThrough(new CompressionStream("deflate-raw"));
  const packed = new Uint8Array(await new Response(stream).arrayBuffer());
  const fragment = VERSION + toBase64Url(packed);
  if (fragment.length > FRAGMENT_MOST) return { ok: false, why: tooLarge(fragment.length, FRAGMENT_MOST) };
  return { ok: true, shared, fragment };
}

function tooLarge(size: number, most: number): string {
  return `This is too large for an address: ${size.toLocaleString("en-US")} of at most ${most.toLocaleString("en-US")} characters. Send the files instead.`;
}

/** Whether an address carries something of ours at all. `#/agents` and other anchors do not. */
export function isShared(hash: string): boolean {
  return /^#?v\d+\./.test(hash);
}

export async function unpack(hash: string): Promise<Unpacked> {
  const fragment = hash.startsWith("#") ? hash.slice(1) : hash;
  if (!fragment.startsWith(VERSION)) {
    return refuse(/^v\d+\./.test(fragment) ? "it was made by a newer playground" : "it has no version");
  }
  if (fragment.length > FRAGMENT_MOST) return refuse("it is too long");
  const packed = fromBase64Url(fragment.slice(VERSION.length));
  if (packed === null) return refuse("it is cut off, or has characters that do not belong there");
  let text: string;
  try {
    const bytes = await inflate(packed);
    if (bytes === null) return refuse("it unpacks to more than a playground holds");
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    return refuse("it is damaged");
  }
  return read(text);
}

function refuse(why: string): Unpacked {
  return { ok: false, why: `The address cannot be opened: ${why}.` };
}

/** Null as soon as there is more than allowed, so that a small fragment never becomes a large text. */
async function inflate(packed: Uint8Array<ArrayBuffer>): Promise<Uint8Array | null> {
  const reader = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate-raw")).getReader();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    size += value.length;
    if (size > UNPACKED_MOST) {
      await reader.cancel().catch(() => undefined);
      return null;
    }
    chunks.push(value);
  }
  const all = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    all.set(chunk, at);
    at += chunk.length;
  }
  return all;
}

function read(text: string): Unpacked {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return refuse("it is damaged");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return refuse("it holds something else");
  const { p, n, t, c, s, e } = value as Record<string, unknown>;
  const calls: unknown[] | null = Array.isArray(s) ? s : null;
  if (typeof p !== "string" || typeof c !== "string" || calls === null) return refuse("it holds something else");
  if (calls.length > CALLS_MOST || !calls.every((call) => typeof call === "string")) return refuse("its calls cannot be read");
  if ((n !== "json" && n !== "yaml") || (t !== "call" && t !== "session")) return refuse("it holds something else");
  if (typeof e !== "string" || e.length > 256) return refuse("its environment cannot be read");
  return { ok: true, shared: { policy: p, notation: n, tab: t, call: c, calls, environment: e } };
}

/** From storage, where it stands unpacked. The same checks, for other pages of the origin write there, too; browsers bound its size. */
export function fromStored(text: string): Shared | null {
  const found = read(text);
  return found.ok ? found.shared : null;
}

export function toStored(shared: Shared): string {
  return JSON.stringify({ p: shared.policy, n: shared.notation, t: shared.tab, c: shared.call, s: shared.calls, e: shared.environment });
}

function toBase64Url(bytes: Uint8Array): string {
  let binary = "";
  for (let at = 0; at < bytes.length; at += 8_192) binary += String.fromCharCode(...bytes.subarray(at, at + 8_192));
  return btoa(binary).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

function fromBase64Url(text: string): Uint8Array<ArrayBuffer> | null {
  if (!/^[A-Za-z0-9_-]+$/.test(text) || text.length % 4 === 1) return null;
  const binary = atob(text.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(binary, (character) => character.charCodeAt(0));
}
