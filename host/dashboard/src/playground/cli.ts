/** A call as a command line for a POSIX shell. Pure; what it makes can be pasted without surprises. */

/** `sentinel explain` on a file that has the policy. */
export function explainCommand(file: string, call: string, environment: string): string {
  const variable = environment === "" || environment === "development" ? "" : `SOE_ENVIRONMENT=${quote(environment)} `;
  return `${variable}sentinel explain --policy ${quote(file)} --call ${quote(oneLine(call))}`;
}

/** The file name that a policy of this agent has. */
export function policyFile(agentId: string | null, notation: "json" | "yaml"): string {
  const name = agentId !== null && /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/.test(agentId) ? agentId : "policy";
  return `${name}.soe.${notation}`;
}

/**
 * JSON without blanks between its words, and with every character escaped that cannot be seen: a terminal obeys
 * some of them. Inside of JSON both change the bytes and not the meaning. What is no JSON stays as it is.
 */
export function oneLine(text: string): string {
  try {
    JSON.parse(text);
  } catch {
    return text.replace(CONTROL, (character) => (character === "\n" || character === "\t" ? character : ""));
  }
  let out = "";
  let inside = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text.charAt(at);
    if (inside && character === "\\") {
      out += character + text.charAt(at + 1);
      at += 1;
      continue;
    }
    if (character === '"') inside = !inside;
    if (inside || !/\s/.test(character)) out += character;
  }
  return out.replace(HIDDEN, (character) =>
    Array.from({ length: character.length }, (_, index) => `\\u${character.charCodeAt(index).toString(16).padStart(4, "0")}`).join(""),
  );
}

const CONTROL = /\p{Cc}/gu;
const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Zl}\p{Zp}]|(?! )\p{Zs}/gu;

export function quote(text: string): string {
  return /^[A-Za-z0-9_./:=@%+,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
