/** Calls of an agent as a file, for a spreadsheet or a program. The daemon writes it; this only asks and saves. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { exported } from "../../api/calls";
import type { Problem } from "../../api/problem";
import { Button } from "../../components/Button";
import { Panel } from "../../components/Panel";
import { ErrorBox } from "../../components/states";
import { toast } from "../../components/Toast";
import { size } from "../../lib/format";
import { saveBlob } from "./save";

export function Export({ agent }: { agent: string }): JSX.Element {
  const [name, setName] = useState(agent);
  const [from, setFrom] = useState("");
  const [to, setTo] = useState("");
  const [busy, setBusy] = useState<"csv" | "jsonl" | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  useEffect(() => setName(agent), [agent]);
  const save = async (as: "csv" | "jsonl"): Promise<void> => {
    setBusy(as);
    const answer = await exported(name.trim(), as, { from: dayStart(from), to: dayStart(to, 1) });
    setBusy(null);
    setProblem(answer.ok ? null : answer.problem);
    if (!answer.ok) return;
    saveBlob(`${name.trim()}.${as}`, answer.value);
    toast(`Saved ${size(answer.value.size)} about ${name.trim()}.`);
  };
  return (
    <Panel title="Export">
      <div class="stack">
        <label class="field">
          <span>Agent</span>
          <input value={name} onInput={(event) => setName(event.currentTarget.value)} spellcheck={false} autocomplete="off" />
        </label>
        <div class="export-days">
          <label class="field">
            <span>From, UTC</span>
            <input type="date" value={from} onInput={(event) => setFrom(event.currentTarget.value)} />
          </label>
          <label class="field">
            <span>To, inclusive</span>
            <input type="date" value={to} onInput={(event) => setTo(event.currentTarget.value)} />
          </label>
        </div>
        <div class="row">
          <Button icon="download" busy={busy === "csv"} disabled={name.trim() === ""} onClick={() => void save("csv")}>
            CSV
          </Button>
          <Button icon="download" busy={busy === "jsonl"} disabled={name.trim() === ""} onClick={() => void save("jsonl")}>
            JSON Lines
          </Button>
        </div>
        {name.trim() === "" && <p class="small muted">Name the agent first: a file has the calls of one.</p>}
        {problem !== null && <ErrorBox problem={problem} />}
      </div>
    </Panel>
  );
}

/** Midnight of a day, or of the days after it; empty where none was chosen. */
function dayStart(day: string, after = 0): string {
  const at = Date.parse(`${day}T00:00:00Z`);
  return day === "" || Number.isNaN(at) ? "" : new Date(at + after * 86_400_000).toISOString();
}
