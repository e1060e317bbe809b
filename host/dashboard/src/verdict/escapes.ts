/**
 * The engine writes what cannot be seen as `\u{202e}`, and an agent can type these eight characters as well. Which of the
 * two it is stands in the line itself. Pure.
 */
import { type Piece, pieces } from "../lib/visible";

const WRITTEN = /\\u\{([0-9a-f]{1,6})\}/g;

/** Neither an escape nor anything that needs one. */
export function isPlain(text: string): boolean {
  return text.search(WRITTEN) < 0 && pieces(text).every((piece) => !piece.escaped);
}

/** A text of the engine, with those escapes apart that stand for a character of the line it was read from. */
export function escapesOf(text: string, raw: string | null): Piece[] {
  if (raw === null) return pieces(text);
  const all: Piece[] = [];
  let from = 0;
  let at = 0;
  for (const match of text.matchAll(WRITTEN)) {
    const character = characterOf(match[1] ?? "");
    const real = next(raw, character, at);
    const typed = next(raw, match[0], at);
    // The engine keeps their order; what it took apart may be found nowhere, and then it is marked to be safe.
    const isTyped = typed !== null && (real === null || typed < real);
    if (!isTyped) {
      all.push(...pieces(text.slice(from, match.index)), { text: match[0], escaped: true });
      from = match.index + match[0].length;
    }
    if (isTyped) at = typed + match[0].length;
    else if (real !== null) at = real + character.length;
  }
  all.push(...pieces(text.slice(from)));
  return all;
}

function characterOf(hexadecimal: string): string {
  const code = Number.parseInt(hexadecimal, 16);
  return code <= 0x10_ffff ? String.fromCodePoint(code) : "";
}

function next(raw: string, what: string, from: number): number | null {
  const place = what === "" ? -1 : raw.indexOf(what, from);
  return place < 0 ? null : place;
}
