/** A text to take along: shown whole, so that it can be copied by hand where the clipboard is closed to the page. */
import { useEffect, useRef, useState } from "preact/hooks";
import { Button } from "../components/Button";

export function CopyBox({ text, label, rows = 4 }: { text: string; label: string; rows?: number }) {
  const [said, setSaid] = useState("");
  const area = useRef<HTMLTextAreaElement>(null);
  useEffect(() => setSaid(""), [text]);
  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      setSaid("Copied.");
    } catch {
      area.current?.focus();
      area.current?.select();
      setSaid("The browser does not let the page copy. It is selected: copy it by keyboard.");
    }
  };
  return (
    <div class="p-copy">
      <textarea ref={area} class="mono" readOnly rows={rows} aria-label={label} value={text} spellcheck={false} onFocus={(event) => event.currentTarget.select()} />
      <div class="row">
        <Button kind="primary" icon="copy" onClick={() => void copy()}>
          Copy
        </Button>
        <span role="status" class="small muted">
          {said}
        </span>
      </div>
    </div>
  );
}
