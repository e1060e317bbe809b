/**
 * JSON as it was written: its tokens, and the members of an object with their values cut from the text. Reading a text and
 * writing it again would round numbers, drop what comes twice, and hide how a character was spelt.
 */
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/gy;

export interface Token {
  readonly text: string;
  readonly start: number;
}

/** Whether a text is JSON; the rest here is for texts that are. */
export function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

export function* tokens(text: string): Generator<Token> {
  let at = 0;
  while (at < text.length) {
    if (/\s/.test(text[at] ?? "")) {
      at += 1;
      continue;
    }
    TOKEN.lastIndex = at;
    const token = TOKEN.exec(text)?.[0];
    if (token === undefined) return;
    yield { text: token, start: at };
    at += token.length;
  }
}

export interface Member {
  /** As it is meant, without escapes. */
  readonly name: string;
  /** As it is written. */
  readonly value: string;
}

/** The members of an object, in order, those that come twice as well; null where the text is no object. */
export function members(text: string): Member[] | null {
  if (!isJson(text)) return null;
  const all: Member[] = [];
  let depth = 0;
  let name = "";
  let from = -1;
  let end = 0;
  for (const token of tokens(text)) {
    if (depth === 0 && token.text !== "{") return null;
    const closes = token.text === "}" || token.text === "]";
    if (depth === 1 && (closes || token.text === ",")) {
      if (from >= 0) all.push({ name, value: text.slice(from, end) });
      [name, from] = ["", -1];
    } else if (depth === 1 && token.text === ":") {
      // What was taken for a value is its name.
      [name, from] = [JSON.parse(text.slice(from, end)) as string, -1];
    } else if (depth === 1 && from < 0) from = token.start;
    if (token.text === "{" || token.text === "[") depth += 1;
    if (closes) depth -= 1;
    end = token.start + token.text.length;
  }
  return all;
}

/** The only member of that name, as it is written; null where there is none or there are two. */
export function member(text: string, name: string): string | null {
  const own = members(text)?.filter((one) => one.name === name) ?? [];
  return own.length === 1 ? (own[0]?.value ?? null) : null;
}

/** What a text value says; null where it is none. */
export function textOf(value: string | null): string | null {
  return value?.startsWith('"') === true ? (JSON.parse(value) as string) : null;
}
