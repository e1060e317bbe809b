/** The ledger's key that somebody pasted, which ledger this browser knows here, its last checkpoint and who signed that. All stay in this browser. */
import { signal } from "@preact/signals";

const KEY = "sentinel.ledger.key";
const SEEN = "sentinel.ledger.checkpoint";
const SIGNER = "sentinel.ledger.signer";
const KNOWN = "sentinel.ledger.known";

/** Lines `<name>+<hash>+<base64>`; empty where nobody pinned one. */
export const pinned = signal(read(KEY) ?? "");

export function pin(lines: string): void {
  pinned.value = lines.trim();
  write(KEY, pinned.value);
}

export function lines(text: string): string[] {
  return text
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "");
}

/** The checkpoint of a ledger that was seen before; one for each name. */
export function seenCheckpoint(origin: string): string | null {
  return read(`${SEEN}.${origin}`);
}

/** The key that signed it, as it was checked then; null where it was kept before keys were. */
export function seenKey(origin: string): string | null {
  return read(`${SIGNER}.${origin}`);
}

export function keepCheckpoint(origin: string, note: string, key: string): void {
  write(`${SEEN}.${origin}`, note);
  write(`${SIGNER}.${origin}`, key);
}

/** The name of the ledger that this browser knows at this address; null before it saw one. */
export const knownLedger = signal<string | null>(null);

/**
 * A ledger of this name is here, and its signature is good. The first one is known from then on; a later one of another
 * name only when somebody says that it is meant.
 */
export function meetLedger(origin: string): void {
  knownLedger.value = read(KNOWN) ?? (seenCheckpoint(origin) === null ? anySeen() : null);
  if (knownLedger.value === null) acceptLedger(origin);
}

export function acceptLedger(origin: string): void {
  knownLedger.value = origin;
  write(KNOWN, origin);
}

/** From before a ledger was known by its name. */
function anySeen(): string | null {
  try {
    const name = Object.keys(localStorage).find((own) => own.startsWith(`${SEEN}.`));
    return name?.slice(SEEN.length + 1) ?? null;
  } catch {
    return null;
  }
}

function read(name: string): string | null {
  try {
    return localStorage.getItem(name);
  } catch {
    return null;
  }
}

function write(name: string, value: string): void {
  try {
    if (value === "") localStorage.removeItem(name);
    else localStorage.setItem(name, value);
  } catch {
    // Storage is off: it lasts as long as the page.
  }
}
