/** Checking a receipt that somebody gave: pasted, chosen or dropped. Nothing is sent anywhere. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { ledgerKey } from "../../api/calls";
import { useQuery } from "../../api/query";
import { Panel } from "../../components/Panel";
import { Block } from "../../components/Text";
import { engine } from "../../lib/engine";
import { count } from "../../lib/format";
import { indented } from "../../lib/indent";
import { pinned } from "../../lib/pinned";
import { PinnedKey } from "./PinnedKey";
import { ReceiptVerdict } from "./Verdict";
import { useChecked } from "./receipts";

/** More than any receipt: an entry has 8 MiB at most. */
const BYTES_MOST = 16 * 1024 * 1024;
/** A field with a megabyte of right-to-left marks keeps a browser busy for minutes. */
const SHOWN_MOST = 64 * 1024;

export function ReceiptCheck(): JSX.Element {
  const [text, setText] = useState("");
  const [tooLarge, setTooLarge] = useState(false);
  const key = useQuery("ledger-key", (signal) => ledgerKey(signal));
  const checked = useChecked(text, key.data, pinned.value);
  const take = async (file: File | undefined): Promise<void> => {
    if (file === undefined) return;
    setTooLarge(file.size > BYTES_MOST);
    if (file.size <= BYTES_MOST) setText(await file.text());
  };
  const paste = (event: ClipboardEvent): void => {
    const pasted = event.clipboardData?.getData("text") ?? "";
    if (pasted.length <= SHOWN_MOST) return;
    event.preventDefault();
    setText(pasted);
  };
  const long = text.length > SHOWN_MOST;
  return (
    <Panel title="Check a receipt">
      <div
        class="stack"
        onDragOver={(event) => event.preventDefault()}
        onDrop={(event) => {
          event.preventDefault();
          void take(event.dataTransfer?.files[0]);
        }}
      >
        <label class="field">
          <span>Paste it, drop a file here, or choose one</span>
          <textarea class="mono small" rows={3} value={long ? "" : text} spellcheck={false} onPaste={paste} placeholder='{"format":"sentinel-receipt/v1", …}' onInput={(event) => setText(event.currentTarget.value)} />
        </label>
        <label>
          <span class="visually-hidden">A file with a receipt</span>
          <input class="small file" type="file" accept=".json,application/json" onClick={(event) => (event.currentTarget.value = "")} onChange={(event) => void take(event.currentTarget.files?.[0])} />
        </label>
        {long && <p class="small muted">{count(text.length)} characters are checked, too many to show them here.</p>}
        {tooLarge && <p class="note note-deny">That file is too large to be a receipt.</p>}
        {engine.value === "failed" && <p class="note note-deny">The engine could not be started in this browser, so nothing can be checked.</p>}
        {checked !== null && <ReceiptVerdict checked={checked} />}
        {checked?.ok === true && <Block of={indented(checked.proven.entry)} most={4_000} label="The entry that the receipt proves" />}
        <PinnedKey />
      </div>
    </Panel>
  );
}
