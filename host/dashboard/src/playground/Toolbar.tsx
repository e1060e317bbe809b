/** The head of the playground: examples, sharing, clearing, colours. */
import { useState } from "preact/hooks";
import { Button } from "../components/Button";
import { Dialog } from "../components/Dialog";
import { choose, theme } from "../lib/theme";
import { CopyBox } from "./CopyBox";
import { EXAMPLES } from "./examples";
import { pack } from "./share";
import { back, clear, earlier, exampleId, kept, notice, present, show, showExample } from "./state";

export function Toolbar() {
  return (
    <header class="p-bar">
      <h1 class="p-brand">
        <Mark />
        <span>
          Sentinel <span class="p-brand-page">playground</span>
        </span>
      </h1>
      <Examples />
      <NoticeBar />
      <Share />
      <Clear />
      <Colours />
    </header>
  );
}

/** In the free part of the head, or over the page: nothing moves when it comes and goes. */
function NoticeBar() {
  const current = notice.value;
  return (
    <div class="p-notices" role="status" aria-live="polite">
      {current !== null && (
        <div class={`p-notice ${current.tone === "bad" ? "p-bad" : ""}`}>
          <span>{current.text}</span>
          {current.before !== null && (
            <button type="button" class="link" onClick={back}>
              Back to what was here
            </button>
          )}
          <Button kind="quiet" icon="cross" label="Close" onClick={() => (notice.value = null)} />
        </div>
      )}
    </div>
  );
}

function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" width="24" height="24" aria-hidden="true" focusable="false">
      <path class="mark-shield" d="M16 2 28 6v9c0 7.4-5 12.8-12 15C9 27.8 4 22.4 4 15V6z" />
      <path class="mark-check" d="m10.5 16.2 3.8 3.8 7.4-8" />
    </svg>
  );
}

const BEFORE = "(before)";

function Examples() {
  return (
    <select
      class="p-examples"
      aria-label="Examples"
      value={exampleId.value ?? ""}
      onChange={(event) => {
        const example = EXAMPLES.find((one) => one.id === event.currentTarget.value);
        if (example !== undefined) void showExample(example);
        else if (event.currentTarget.value === BEFORE && earlier.value !== null) {
          exampleId.value = null;
          show(earlier.value, "Opened what you had here before.");
        }
      }}
    >
      <option value="">Examples …</option>
      {earlier.value !== null && <option value={BEFORE}>What you had here before</option>}
      {EXAMPLES.map((example) => (
        <option key={example.id} value={example.id}>
          {example.title}
        </option>
      ))}
    </select>
  );
}

function Share() {
  const [made, setMade] = useState<{ link: string | null; why: string } | null>(null);
  const open = async (): Promise<void> => {
    const packed = await pack(present.peek());
    const link = packed.ok && packed.fragment !== undefined ? `${location.origin}${location.pathname}#${packed.fragment}` : null;
    setMade({ link, why: packed.ok ? "" : packed.why });
  };
  return (
    <>
      <Button onClick={() => void open()}>Share</Button>
      <Dialog title="Share by address" open={made !== null} close={() => setMade(null)} actions={<Button onClick={() => setMade(null)}>Close</Button>}>
        {made !== null && made.link !== null && (
          <>
            <p class="small muted">The address itself holds the policy and the calls, behind “#”. Browsers send that part to nobody, and neither does this page.</p>
            <CopyBox label="Address" text={made.link} rows={5} />
          </>
        )}
        {made !== null && made.link === null && <p class="note note-deny">{made.why}</p>}
      </Dialog>
    </>
  );
}

function Clear() {
  const [open, setOpen] = useState(false);
  return (
    <>
      <Button kind="quiet" onClick={() => setOpen(true)}>
        Clear
      </Button>
      <Dialog
        title="Begin anew?"
        open={open}
        close={() => setOpen(false)}
        actions={
          <>
            <Button onClick={() => setOpen(false)}>Keep it</Button>
            <Button
              kind="danger"
              onClick={() => {
                clear();
                setOpen(false);
              }}
            >
              Clear
            </Button>
          </>
        }
      >
        <p>{kept.value ? "Policy and calls are kept in this browser alone, until they are cleared." : "This browser keeps nothing for pages, so closing the page clears it, too."}</p>
      </Dialog>
    </>
  );
}

const NEXT = { system: "light", light: "dark", dark: "system" } as const;

function Colours() {
  const icon = theme.value === "system" ? "system" : theme.value === "light" ? "sun" : "moon";
  return <Button kind="quiet" icon={icon} label={`Colours: ${theme.value}`} onClick={() => choose(NEXT[theme.value])} />;
}
