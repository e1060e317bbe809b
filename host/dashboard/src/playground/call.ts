/**
 * A call as JSON text, which is what the engine gets, and as the fields of a form. The text is the truth; the form
 * reads it and writes single fields of it, so what the form has no field for stays. Pure.
 */
export type CallFields = { readonly [name: string]: unknown };

export type ToolKind = "command" | "path" | "other";

interface Tool {
  readonly name: string;
  readonly kind: ToolKind;
  /** The argument that the form asks for. */
  readonly argument: string;
}

/** Tools that the form knows; every other one has its input as JSON. */
export const TOOLS: readonly Tool[] = [
  { name: "Bash", kind: "command", argument: "command" },
  { name: "Read", kind: "path", argument: "file_path" },
  { name: "Write", kind: "path", argument: "file_path" },
  { name: "Edit", kind: "path", argument: "file_path" },
  { name: "MultiEdit", kind: "path", argument: "file_path" },
  { name: "NotebookEdit", kind: "path", argument: "notebook_path" },
  { name: "LS", kind: "path", argument: "path" },
  { name: "Glob", kind: "path", argument: "pattern" },
  { name: "read_file", kind: "path", argument: "path" },
  { name: "write_file", kind: "path", argument: "path" },
  { name: "run_shell_command", kind: "command", argument: "command" },
];

export function toolOf(name: string): Tool {
  return TOOLS.find((tool) => tool.name === name) ?? { name, kind: "other", argument: "" };
}

/** The fields of a call, or null where the text is no JSON object. */
export function parseCall(text: string): CallFields | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as CallFields) : null;
  } catch {
    return null;
  }
}

export function writeCall(fields: CallFields): string {
  return JSON.stringify(fields, null, 2);
}

export function textField(fields: CallFields, name: string): string {
  const value = fields[name];
  return typeof value === "string" ? value : "";
}

export function inputOf(fields: CallFields): CallFields {
  const value = fields["toolInput"];
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as CallFields) : {};
}

/** With one field changed; an empty text takes it away. */
export function withField(fields: CallFields, name: string, value: unknown): CallFields {
  if (value === "" || value === undefined) {
    const { [name]: _gone, ...rest } = fields;
    return rest;
  }
  return { ...fields, [name]: value };
}

/** Another tool keeps the argument that stands for the same thing. */
export function withTool(fields: CallFields, name: string): CallFields {
  const before = toolOf(textField(fields, "toolName"));
  const after = toolOf(name);
  const input = inputOf(fields);
  if (before.kind !== after.kind || before.argument === after.argument || after.kind === "other") return { ...fields, toolName: name };
  const { [before.argument]: value, ...rest } = input;
  return { ...fields, toolName: name, toolInput: { [after.argument]: value ?? "", ...rest } };
}

/** What a call costs, from the form: dollars as a text, tokens as a number. */
export function withCost(fields: CallFields, name: "usd" | "tokens", text: string): CallFields {
  const before = fields["cost"];
  const cost = typeof before === "object" && before !== null && !Array.isArray(before) ? (before as CallFields) : {};
  const value = text === "" ? "" : name === "tokens" && /^\d{1,15}$/.test(text) ? Number(text) : text;
  const next = withField(cost, name, value);
  return withField(fields, "cost", Object.keys(next).length === 0 ? "" : next);
}

export function costText(fields: CallFields, name: "usd" | "tokens"): string {
  const cost = fields["cost"];
  if (typeof cost !== "object" || cost === null || Array.isArray(cost)) return "";
  const value = (cost as CallFields)[name];
  return typeof value === "string" || typeof value === "number" ? String(value) : "";
}

/**
 * The text that the engine gets: the policy's agent and the chosen environment where a call names none, as
 * `sentinel explain` does it. Nothing else of the text is touched.
 */
export function completeCall(text: string, agentId: string, environment: string): string {
  const fields = parseCall(text);
  if (fields === null) return text;
  const missing: string[] = [];
  if (!("agentId" in fields)) missing.push(`"agentId":${JSON.stringify(agentId)}`);
  if (!("environment" in fields) && environment !== "") missing.push(`"environment":${JSON.stringify(environment)}`);
  if (missing.length === 0) return text;
  const rest = text.trimStart().slice(1);
  return Object.keys(fields).length === 0 ? `{${missing.join(",")}}` : `{${missing.join(",")},${rest}`;
}

/** One line about a call, for lists. */
export function summary(text: string): { tool: string; what: string } {
  const fields = parseCall(text);
  if (fields === null) return { tool: "?", what: text };
  const input = inputOf(fields);
  const tool = textField(fields, "toolName");
  if (tool === "http") return { tool, what: [input["method"], `${String(input["scheme"] ?? "https")}://${String(input["authority"] ?? "")}${String(input["path"] ?? "")}`].join(" ") };
  const known = toolOf(tool).argument;
  const usual = [known, "command", "file_path", "path", "url", "pattern"].find((name) => name !== "" && typeof input[name] === "string");
  return { tool, what: usual === undefined ? JSON.stringify(input) : String(input[usual]) };
}
