/** What holds for the whole session, and where its calls come from. */
import { useRef, useState } from "preact/hooks";
import { Button } from "../components/Button";
import { Dialog } from "../components/Dialog";
import { parseCall } from "./call";
import { fromHookEvents } from "./examples";
import type { Outcome } from "./session-run";
import { approval, calls, gapSeconds, notice, outcome, present, resetSession, show } from "./state";

const FILE_MOST = 1024 * 1024;
const CALLS_MOST = 1_000;

export function SessionTools() {
  const [open, setOpen] = useState(false);
  const file = useRef<HTMLInputElement>(null);
  return (
    <>
      <Button kind="quiet" onClick={() => setOpen(true)} expanded={open}>
        Settings
      </Button>
      <Dialog title="The session" open={open} close={() => setOpen(false)} actions={<Button kind="primary" onClick={() => setOpen(false)}>Done</Button>}>
        <label class="field">
          <span>Calls that go ahead</span>
          <select value={outcome.value} onChange={(event) => (outcome.value = event.currentTarget.value as Outcome)}>
            <option value="executed">are reported as executed</option>
            <option value="failed">are reported as failed: they cost as well</option>
            <option value="not-executed">are reported as not executed: nothing is charged</option>
            <option value="unreported">are not reported: money stays held</option>
          </select>
        </label>
        <label class="field">
          <span>What needs a person</span>
          <select value={approval.value} onChange={(event) => (approval.value = event.currentTarget.value === "nobody" ? "nobody" : "possible")}>
            <option value="possible">waits for an answer, which you give</option>
            <option value="nobody">is denied, for nobody can be asked</option>
          </select>
        </label>
        <label class="field">
          <span>Seconds between two calls</span>
          <input
            type="number"
            min={0}
            max={86_400}
            value={gapSeconds.value}
            onInput={(event) => {
              const seconds = event.currentTarget.valueAsNumber;
              if (seconds >= 0 && seconds <= 86_400) gapSeconds.value = seconds;
            }}
          />
        </label>
        <div class="row">
          <input ref={file} type="file" hidden accept=".jsonl,.json,.ndjson" onChange={(event) => void openCalls(event.currentTarget)} />
          <Button onClick={() => file.current?.click()} title="Calls, or events of a hook, one on each line">
            Open calls …
          </Button>
          <Button
            kind="danger"
            onClick={() => {
              show({ ...present.peek(), calls: [] }, "Removed all calls.");
              resetSession();
              setOpen(false);
            }}
          >
            Remove all calls
          </Button>
        </div>
        <p class="small muted">A file has one call on each line, or one event of a coding agent's hook. It is read by this page and sent nowhere.</p>
      </Dialog>
    </>
  );
}

async function openCalls(input: HTMLInputElement): Promise<void> {
  const file = input.files?.[0];
  input.value = "";
  if (file === undefined) return;
  if (file.size > FILE_MOST) {
    notice.value = { text: `“${file.name}” has more than 1 MB. What was here stays.`, tone: "bad", before: null };
    return;
  }
  const text = await file.text();
  const events = fromHookEvents(text);
  const found = (events.length > 0 ? events : text.split("\n").filter((line) => parseCall(line) !== null)).slice(0, CALLS_MOST);
  if (found.length === 0) {
    notice.value = { text: `“${file.name}” has no calls on its lines. What was here stays.`, tone: "bad", before: null };
    return;
  }
  show({ ...present.peek(), tab: "session", calls: found }, `Opened ${found.length} calls.`);
  resetSession(calls.peek().length);
}
