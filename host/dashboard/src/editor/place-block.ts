/**
 * Places in a YAML document that is written in lines. It reads the lines from the top with a stack of open
 * collections, as indentation has it; what stands in braces or brackets is read by `place-flow`.
 */
import { decode, flowPlace } from "./place-flow";
import type { Path, Place } from "./place";

interface Frame {
  readonly kind: "map" | "sequence";
  readonly indent: number;
  readonly path: Path;
  readonly keys: string[];
  index: number;
}

/** The key or entry whose value has not come yet. */
interface Open {
  readonly path: Path;
  readonly indent: number;
}

interface Found {
  readonly place: Omit<Place, "siblings">;
  readonly keys: readonly string[];
}

const KEY = /^("(?:[^"\\]|\\.)*"|'(?:[^']|'')*'|[^\s#:{}[\],&*!|>'"%@`-][^#:]*?|-[^\s#:][^#:]*?)[ \t]*:(?=[ \t\r]|$)/;

export function blockPlace(text: string, offset: number): Place | null {
  const reader = new Reader(text, offset);
  return reader.read();
}

class Reader {
  readonly #text: string;
  readonly #offset: number;
  readonly #stack: Frame[] = [];
  #open: Open | null = { path: [], indent: -1 };
  #found: Found | null = null;
  #result: Place | null = null;

  constructor(text: string, offset: number) {
    this.#text = text;
    this.#offset = offset;
  }

  read(): Place | null {
    let from = 0;
    let scalarBelow: number | null = null;
    while (from <= this.#text.length && this.#result === null) {
      const newline = this.#text.indexOf("\n", from);
      const to = newline === -1 ? this.#text.length : newline;
      const line = this.#text.slice(from, to);
      const indent = line.length - line.trimStart().length;
      const blank = line.trim() === "";
      if (scalarBelow !== null && (blank || indent > scalarBelow)) {
        // Inside a block scalar: a text, in which there is nothing to complete.
      } else {
        scalarBelow = null;
        const next: number | "scalar" = blank ? this.#blank(from, to) : this.#line(from, line, indent);
        if (next === "scalar") scalarBelow = indent;
        else if (next > to) {
          const after = this.#text.indexOf("\n", next);
          from = after === -1 ? this.#text.length + 1 : after + 1;
          continue;
        }
      }
      from = to + 1;
    }
    if (this.#result !== null) return this.#result;
    return this.#found === null ? null : finish(this.#found);
  }

  /** A line without anything: its width is the indentation of what will be written there. */
  #blank(from: number, to: number): number {
    if (this.#offset < from || this.#offset > to) return to;
    this.#value(from, this.#offset - from, "", this.#offset, this.#offset);
    return to;
  }

  #line(from: number, line: string, indent: number): number | "scalar" {
    const end = from + line.length;
    let column = indent;
    let rest = line.slice(column);
    if (rest.startsWith("#") || rest.startsWith("---") || rest.startsWith("%")) return end;
    while (/^-(?=[ \t\r]|$)/.test(rest)) {
      this.#entry(column);
      const gap = /^-[ \t]*/.exec(rest)?.[0].length ?? 1;
      if (this.#offset > from + column && this.#offset < from + column + gap) return this.#miss(from, column, end);
      column += gap;
      rest = line.slice(column);
    }
    const key = KEY.exec(rest);
    if (key === null) return this.#rest(from, column, rest, end);
    return this.#pair(from, column, rest, key, end);
  }

  #miss(from: number, column: number, end: number): number {
    this.#value(from, column + 2, "", this.#offset, this.#offset);
    return end;
  }

  #pair(from: number, column: number, rest: string, key: RegExpExecArray, end: number): number | "scalar" {
    const literal = key[1] ?? "";
    const name = /^["']/.test(literal) ? decode(literal) : literal;
    const frame = this.#map(column);
    frame.keys.push(name);
    const keyFrom = from + column;
    if (this.#offset >= keyFrom && this.#offset <= keyFrom + literal.length) {
      const place = { ...blank(frame.path, "key", keyFrom, keyFrom + literal.length, column), word: name, quoted: literal !== name, colon: true };
      this.#found = { place, keys: frame.keys };
    }
    this.#open = { path: [...frame.path, name], indent: column };
    const valueColumn = column + key[0].length;
    const value = rest.slice(key[0].length);
    const lead = value.length - value.trimStart().length;
    if (/^[ \t]*[|>][+-]?\d?[ \t]*(#.*)?$/.test(value)) {
      this.#open = null;
      return "scalar";
    }
    return this.#rest(from, valueColumn + lead, value.slice(lead), end);
  }

  /** What follows a key or a dash: a flow collection, a word, a comment, or nothing. */
  #rest(from: number, column: number, rest: string, end: number): number {
    const start = from + column;
    const open = this.#open;
    const own = open !== null && open.indent < column ? open : null;
    if (/^[{[]/.test(rest)) {
      const path = own?.path ?? [];
      const result = flowPlace(this.#text, start, this.#offset, path, "yaml");
      this.#open = null;
      if (result.place !== null && this.#offset > start && this.#offset < result.end) this.#result = result.place;
      return Math.max(result.end, end);
    }
    const hash = rest.search(/(^|\s)#/);
    const word = (hash === -1 ? rest : rest.slice(0, hash)).trimEnd();
    const stop = start + word.length;
    const before = this.#offset <= stop || (hash === -1 && this.#offset <= end);
    if (this.#offset >= start - 1 && this.#offset >= from && before && !(word !== "" && this.#offset < start)) {
      const lone = word !== "" && (own === null || this.#text.slice(from, start).trim() === "");
      this.#value(from, column, unquote(word), word === "" ? this.#offset : start, word === "" ? this.#offset : stop, lone, word);
    }
    if (word !== "") this.#open = null;
    return end;
  }

  /** A word that stands alone on its line may become a key, and so may a place where nothing stands yet. */
  #value(from: number, column: number, word: string, start: number, to: number, lone = true, literal = word): void {
    const beside = this.#text.slice(from, start).trim();
    if (!lone || beside.endsWith(":")) {
      if (this.#open !== null) {
        this.#found = { place: { ...blank(this.#open.path, "value", start, to, column), word, quoted: literal !== word }, keys: [] };
      }
      return;
    }
    const open = this.#open;
    if (open !== null && column > open.indent && (word === "" || !this.#hasMap(column))) {
      const frame: Frame = { kind: "map", indent: column, path: open.path, keys: [], index: 0 };
      const place = { ...blank(open.path, "value", start, to, column), word, quoted: literal !== word };
      this.#pop(column);
      this.#stack.push(frame);
      this.#found = { place, keys: frame.keys };
      return;
    }
    this.#pop(column);
    const frame = this.#stack.at(-1);
    if (frame === undefined || frame.kind !== "map" || frame.indent !== column) return;
    this.#found = { place: { ...blank(frame.path, "key", start, to, column), word, quoted: literal !== word }, keys: frame.keys };
  }

  #hasMap(column: number): boolean {
    return this.#stack.some((frame) => frame.kind === "map" && frame.indent === column);
  }

  #pop(column: number): void {
    for (let top = this.#stack.at(-1); top !== undefined; top = this.#stack.at(-1)) {
      if (top.indent < column || (top.indent === column && top.kind === "map")) return;
      this.#stack.pop();
    }
  }

  #map(column: number): Frame {
    this.#pop(column);
    const top = this.#stack.at(-1);
    if (top !== undefined && top.kind === "map" && top.indent === column) return top;
    const path = this.#open?.path ?? top?.path ?? [];
    const frame: Frame = { kind: "map", indent: column, path, keys: [], index: 0 };
    this.#stack.push(frame);
    return frame;
  }

  #entry(column: number): void {
    for (let top = this.#stack.at(-1); top !== undefined && top.indent > column; top = this.#stack.at(-1)) this.#stack.pop();
    const top = this.#stack.at(-1);
    if (top !== undefined && top.kind === "sequence" && top.indent === column) {
      top.index += 1;
      this.#open = { path: [...top.path, top.index], indent: column };
      return;
    }
    const path = this.#open?.path ?? [];
    this.#stack.push({ kind: "sequence", indent: column, path, keys: [], index: 0 });
    this.#open = { path: [...path, 0], indent: column };
  }
}

function blank(path: Path, part: "key" | "value", from: number, to: number, indent: number): Omit<Place, "siblings"> {
  return { path, part, from, to, word: "", quoted: false, colon: false, flow: false, commaAt: null, indent };
}

function unquote(word: string): string {
  return /^(".*"|'.*')$/.test(word) ? decode(word) : word;
}

function finish(found: Found): Place {
  const own = found.place.part === "key" ? found.keys.indexOf(found.place.word) : -1;
  return { ...found.place, siblings: found.keys.filter((_, index) => index !== own) };
}
