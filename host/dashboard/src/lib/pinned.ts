/** The ledger's key that somebody pasted, and the last checkpoint that this browser saw. Both stay in this browser. */
import { signal } from "@preact/signals";

const KEY = "sentinel.ledger.key";
const SEEN = "sentinel.ledger.checkpoint";

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

export function keepCheckpoint(origin: string, note: string): void {
  write(`${SEEN}.${origin}`, note);
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
