/**
 * Places in braces and brackets: a whole JSON document, or a flow collection inside a YAML one. It reads on
 * to the end of the collection, for the keys behind the cursor count as siblings as well.
 */
import type { Notation, Path, Place, Step } from "./place";

interface Frame {
  readonly kind: "object" | "array" | "root";
  readonly path: Path;
  readonly keys: string[];
  key: string | null;
  index: number;
  awaits: "key" | "colon" | "value" | "comma";
}

interface Token {
  readonly kind: "punctuation" | "word";
  readonly from: number;
  readonly to: number;
  readonly text: string;
  readonly quoted: boolean;
}

interface Found {
  readonly place: Omit<Place, "siblings">;
  readonly frame: Frame;
}

/** Where the collection ended, and the place if the offset is in it. */
export interface FlowResult {
  readonly place: Place | null;
  readonly end: number;
}

export function flowPlace(text: string, start: number, offset: number, base: Path, notation: Notation): FlowResult {
  const stack: Frame[] = [{ kind: "root", path: base, keys: [], key: null, index: 0, awaits: "value" }];
  let found: Found | null = null;
  let passed = false;
  let position = start;
  let lastEnd = start;
  for (;;) {
    const { token, comment } = nextToken(text, position, notation);
    const from = token?.from ?? text.length;
    const frame = stack.at(-1);
    if (frame === undefined) break;
    if (!passed && offset >= start) {
      if (comment !== null && offset > comment.from && offset <= comment.to) passed = true;
      else if (token !== null && token.kind === "word" && offset >= from && offset <= token.to) {
        found = at(frame, token, text, lastEnd);
        passed = true;
      } else if (offset <= from) {
        found = at(frame, { kind: "word", from: offset, to: offset, text: "", quoted: false }, text, lastEnd);
        passed = true;
      }
    }
    if (token === null) break;
    if (token.kind === "punctuation") punctuation(stack, token.text);
    else word(frame, token);
    position = token.to;
    lastEnd = token.to;
    if (stack.length === 1 && base.length > 0 && token.text !== ",") break;
  }
  return { place: found === null ? null : complete(found), end: position };
}

function complete(found: Found): Place {
  const own = found.place.part === "key" ? found.place.word : null;
  let skipped = false;
  const siblings = found.frame.keys.filter((key) => {
    if (key !== own || skipped) return true;
    skipped = true;
    return false;
  });
  return { ...found.place, siblings };
}

/** The place of a token under what its frame waits for. */
function at(frame: Frame, token: Token, text: string, lastEnd: number): Found | null {
  const isKey = frame.kind === "object" && (frame.awaits === "key" || frame.awaits === "comma");
  if (frame.awaits === "colon" || (frame.kind === "root" && frame.awaits !== "value")) return null;
  const path: Path = isKey ? frame.path : [...frame.path, ...step(frame)];
  const place = {
    path,
    part: isKey ? ("key" as const) : ("value" as const),
    from: token.from,
    to: token.to,
    word: token.text,
    quoted: token.quoted,
    colon: isKey && /^[ \t\r\n]*:/.test(text.slice(token.to, token.to + 64)),
    flow: true,
    commaAt: frame.awaits === "comma" && frame.kind !== "root" ? lastEnd : null,
    indent: 0,
  };
  return { place, frame };
}

function step(frame: Frame): Step[] {
  if (frame.kind === "array") return [frame.awaits === "comma" ? frame.index + 1 : frame.index];
  return frame.kind === "object" && frame.key !== null ? [frame.key] : [];
}

function punctuation(stack: Frame[], mark: string): void {
  const frame = stack.at(-1);
  if (frame === undefined) return;
  switch (mark) {
    case "{":
    case "[": {
      if (frame.kind === "array" && frame.awaits === "comma") frame.index += 1;
      const path = [...frame.path, ...(frame.kind === "array" ? [frame.index] : step(frame))];
      frame.awaits = "comma";
      stack.push(
        mark === "{"
          ? { kind: "object", path, keys: [], key: null, index: 0, awaits: "key" }
          : { kind: "array", path, keys: [], key: null, index: 0, awaits: "value" },
      );
      return;
    }
    case "}":
    case "]":
      if (stack.length > 1) stack.pop();
      return;
    case ":":
      if (frame.kind === "object") frame.awaits = "value";
      return;
    default:
      if (frame.kind === "array") frame.index += 1;
      if (frame.kind !== "root") frame.awaits = frame.kind === "object" ? "key" : "value";
  }
}

function word(frame: Frame, token: Token): void {
  if (frame.kind === "object" && (frame.awaits === "key" || frame.awaits === "comma")) {
    frame.key = token.text;
    frame.keys.push(token.text);
    frame.awaits = "colon";
    return;
  }
  if (frame.kind === "array" && frame.awaits === "comma") frame.index += 1;
  // A word where a colon should be: the key goes on waiting for its colon.
  if (frame.awaits !== "colon") frame.awaits = "comma";
}

interface Next {
  readonly token: Token | null;
  readonly comment: { from: number; to: number } | null;
}

function nextToken(text: string, start: number, notation: Notation): Next {
  let position = start;
  let comment: Next["comment"] = null;
  for (; position < text.length; position += 1) {
    const character = text.charAt(position);
    if (notation === "yaml" && character === "#" && (position === 0 || /\s/.test(text.charAt(position - 1)))) {
      const from = position;
      while (position < text.length && text.charAt(position) !== "\n") position += 1;
      comment = { from, to: position };
    } else if (!/\s/.test(character)) break;
  }
  if (position >= text.length) return { token: null, comment };
  const character = text.charAt(position);
  if (isMark(text, position, notation)) {
    return { token: { kind: "punctuation", from: position, to: position + 1, text: character, quoted: false }, comment };
  }
  const token = character === '"' || (character === "'" && notation === "yaml") ? quoted(text, position) : plain(text, position, notation);
  return { token, comment };
}

/** In YAML a colon inside a word, as in `https://…` or `mcp__x:y`, is a part of it. */
function isMark(text: string, position: number, notation: Notation): boolean {
  const character = text.charAt(position);
  if (character !== ":") return "{}[],".includes(character);
  return notation === "json" || position + 1 >= text.length || /[\s,{}[\]]/.test(text.charAt(position + 1)) || /["']/.test(text.charAt(position - 1));
}

function quoted(text: string, from: number): Token {
  const quote = text.charAt(from);
  let to = from + 1;
  for (; to < text.length; to += 1) {
    const character = text.charAt(to);
    if (character === "\n") break;
    if (character === "\\" && quote === '"') to += 1;
    else if (character === quote) {
      return { kind: "word", from, to: to + 1, text: decode(text.slice(from, to + 1)), quoted: true };
    }
  }
  const end = Math.min(to, text.length);
  return { kind: "word", from, to: end, text: text.slice(from + 1, end), quoted: true };
}

/** The text of a quoted word; what cannot be decoded stays as it is written. */
export function decode(literal: string): string {
  const inner = literal.slice(1, -1);
  if (literal.startsWith("'")) return inner.replaceAll("''", "'");
  try {
    const value: unknown = JSON.parse(literal);
    return typeof value === "string" ? value : inner;
  } catch {
    return inner;
  }
}

function plain(text: string, from: number, notation: Notation): Token {
  let to = from;
  const stop = notation === "json" ? /[\s"]/ : /[\r\n]/;
  while (to < text.length && !isMark(text, to, notation) && !stop.test(text.charAt(to))) {
    if (notation === "yaml" && /\s/.test(text.charAt(to)) && text.charAt(to + 1) === "#") break;
    to += 1;
  }
  const end = from + text.slice(from, to).trimEnd().length;
  return { kind: "word", from, to: Math.max(end, from + 1), text: text.slice(from, end), quoted: false };
}
