/**
 * JSON with line breaks for the eye, its texts and numbers left as they were written: reading and writing it again
 * would round numbers and drop what comes twice. What is no JSON comes back as it is.
 */
import { isJson, tokens } from "./json";

export function indented(text: string): string {
  if (!isJson(text)) return text;
  const parts: string[] = [];
  let depth = 0;
  let before = "";
  const line = (): void => {
    parts.push("\n", "  ".repeat(depth));
  };
  for (const { text: token } of tokens(text)) {
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
