/** One call as a form: the fields that most calls have. It writes single fields of the call's text. */
import { useEffect, useState } from "preact/hooks";
import { pieces } from "../lib/visible";
import { TOOLS, costText, inputOf, parseCall, textField, toolOf, withCost, withField, withTool, writeCall, type CallFields } from "./call";

interface Props {
  readonly text: string;
  readonly environment: string;
  readonly onChange: (text: string) => void;
  readonly onEnvironment: (environment: string) => void;
}

const NAMED = ["http", "WebFetch", "WebSearch", "TodoWrite", "Grep", "mcp__github__get_issue", "pay_invoice", "refund", "reply"];

export function CallForm({ text, environment, onChange, onEnvironment }: Props) {
  const fields = parseCall(text);
  if (fields === null) return <p class="note note-escalate">This is no JSON object, so there is no form for it. Correct it as JSON.</p>;
  const put = (next: CallFields): void => onChange(writeCall(next));
  const name = textField(fields, "toolName");
  const own = "environment" in fields;
  return (
    <div class="p-form">
      <label class="field p-tool">
        <span>Tool</span>
        <input list="tools" value={name} spellcheck={false} autocomplete="off" onInput={(event) => put(withTool(fields, event.currentTarget.value))} />
      </label>
      <datalist id="tools">
        {[...TOOLS.map((tool) => tool.name), ...NAMED].map((tool) => (
          <option key={tool} value={tool} />
        ))}
      </datalist>
      <label class="field p-environment">
        <span>Environment</span>
        <input
          list="environments"
          value={own ? textField(fields, "environment") : environment}
          spellcheck={false}
          onInput={(event) => (own ? put(withField(fields, "environment", event.currentTarget.value)) : onEnvironment(event.currentTarget.value))}
        />
      </label>
      <datalist id="environments">
        {["development", "staging", "uat", "production"].map((one) => (
          <option key={one} value={one} />
        ))}
      </datalist>
      <Argument name={name} fields={fields} put={put} />
      <More fields={fields} put={put} />
    </div>
  );
}

function Argument({ name, fields, put }: { name: string; fields: CallFields; put: (next: CallFields) => void }) {
  const tool = toolOf(name);
  const input = inputOf(fields);
  const value = input[tool.argument];
  const fits = tool.kind !== "other" && (value === undefined || typeof value === "string");
  if (!fits) return <InputField input={fields["toolInput"]} put={(next) => put({ ...fields, toolInput: next })} />;
  const change = (next: string): void => put({ ...fields, toolInput: { ...input, [tool.argument]: next } });
  const shown = typeof value === "string" ? value : "";
  const hidden = pieces(shown, true).filter((piece) => piece.escaped).length;
  return (
    <label class="field p-wide">
      <span>{tool.kind === "command" ? "Command" : tool.argument === "pattern" ? "Pattern" : "Path"}</span>
      {tool.kind === "command" ? (
        <textarea class="mono" rows={3} value={shown} spellcheck={false} onInput={(event) => change(event.currentTarget.value)} />
      ) : (
        <input class="mono" value={shown} spellcheck={false} onInput={(event) => change(event.currentTarget.value)} />
      )}
      {hidden > 0 && <span class="p-hint">{hidden === 1 ? "It has a character" : `It has ${hidden} characters`} that cannot be seen here. Below they are written out.</span>}
    </label>
  );
}

/** The whole input of other tools. What is no JSON yet stays in the field and is not taken over. */
function InputField({ input, put }: { input: unknown; put: (next: unknown) => void }) {
  const written = JSON.stringify(input ?? {}, null, 2);
  const [draft, setDraft] = useState(written);
  const [bad, setBad] = useState(false);
  useEffect(() => {
    // What came from elsewhere replaces the draft; what came from the draft does not, or it would be laid out anew.
    if (canonical(draft) !== JSON.stringify(input ?? {})) {
      setDraft(written);
      setBad(false);
    }
  }, [written]);
  return (
    <label class="field p-wide">
      <span>Input, as JSON</span>
      <textarea
        class="mono"
        rows={Math.min(10, Math.max(3, draft.split("\n").length))}
        value={draft}
        spellcheck={false}
        aria-invalid={bad}
        onInput={(event) => {
          const next = event.currentTarget.value;
          setDraft(next);
          try {
            put(JSON.parse(next));
            setBad(false);
          } catch {
            setBad(true);
          }
        }}
      />
      <span class="p-hint" role="status">
        {bad ? "No JSON yet: the last one that was counts." : ""}
      </span>
    </label>
  );
}

function canonical(text: string): string | null {
  try {
    return JSON.stringify(JSON.parse(text));
  } catch {
    return null;
  }
}

const PLACES = [
  ["workspace", "Workspace", "/workspace/shop"],
  ["home", "Home", "/home/dev"],
  ["cwd", "Directory", "src"],
  ["sessionId", "Session", ""],
  ["runId", "Run", ""],
  ["payee", "Payee", ""],
  ["endpoint", "Endpoint", ""],
] as const;

function More({ fields, put }: { fields: CallFields; put: (next: CallFields) => void }) {
  const filled = [...PLACES.map(([name]) => name), "cost"].filter((name) => fields[name] !== undefined).length;
  return (
    <details class="p-more p-wide">
      <summary>More about the call{filled > 0 && ` (${filled})`}</summary>
      <div class="p-more-fields">
        {PLACES.map(([name, title, example]) => (
          <label key={name} class="field">
            <span>{title}</span>
            <input value={textField(fields, name)} placeholder={example} spellcheck={false} onInput={(event) => put(withField(fields, name, event.currentTarget.value))} />
          </label>
        ))}
        <label class="field">
          <span>Costs, in dollars</span>
          <input inputMode="decimal" value={costText(fields, "usd")} placeholder="0.25" onInput={(event) => put(withCost(fields, "usd", event.currentTarget.value))} />
        </label>
        <label class="field">
          <span>Costs, in tokens</span>
          <input inputMode="numeric" value={costText(fields, "tokens")} placeholder="1200" onInput={(event) => put(withCost(fields, "tokens", event.currentTarget.value))} />
        </label>
      </div>
    </details>
  );
}
