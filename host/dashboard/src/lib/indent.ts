/**
 * JSON with line breaks for the eye, its texts and numbers left as they were written: reading and writing it again
 * would round numbers and drop what comes twice. What is no JSON comes back as it is.
 */
const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/gy;

export function indented(text: string): string {
  try {
    JSON.parse(text);
  } catch {
    return text;
  }
  const parts: string[] = [];
  let depth = 0;
  let before = "";
  const line = (): void => {
    parts.push("\n", "  ".repeat(depth));
  };
  for (const token of tokens(text)) {
    if (token === "}" || token === "]") {
      depth -= 1;
      if (before !== "{" && before !== "[") line();
      parts.push(token);
    } else {
      if (before === "{" || before === "[" || before === ",") line();
      parts.push(token === ":" ? ": " : token);
      if (token === "{" || token === "[") depth += 1;
    }
    before = token;
  }
  return parts.join("");
}

function* tokens(text: string): Generator<string> {
  let at = 0;
  while (at < text.length) {
    if (/\s/.test(text[at] ?? "")) {
      at += 1;
      continue;
    }
    TOKEN.lastIndex = at;
    const token = TOKEN.exec(text)?.[0];
    if (token === undefined) return;
    yield token;
    at += token.length;
  }
}
