/** A key of the ledger that was kept elsewhere, pasted by whoever wants to rely on more than the daemon's word. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Button } from "../../components/Button";
import { pin, pinned } from "../../lib/pinned";

export function PinnedKey(): JSX.Element {
  const [text, setText] = useState(pinned.value);
  return (
    <details class="pinned" open={pinned.value !== ""}>
      <summary>{pinned.value === "" ? "Check with a key that was kept elsewhere" : "Checked with your pinned key"}</summary>
      <div class="stack">
        <label class="field">
          <span>
            Public key, as <code>sentinel ledger key</code> prints it
          </span>
          <textarea class="mono small" rows={2} value={text} placeholder="sentinel/default+1b0c4f3e+AZ…" spellcheck={false} onInput={(event) => setText(event.currentTarget.value)} />
        </label>
        <div class="row">
          <Button disabled={text.trim() === pinned.value} onClick={() => pin(text)}>
            Pin
          </Button>
          {pinned.value !== "" && (
            <Button
              kind="quiet"
              onClick={() => {
                setText("");
                pin("");
              }}
            >
              Use the daemon's
            </Button>
          )}
        </div>
      </div>
    </details>
  );
}
