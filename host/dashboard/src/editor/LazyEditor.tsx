/**
 * The editor where a page has something more urgent to show first: until it is there, the text stands in its place.
 * Nobody waits for CodeMirror to see a verdict.
 */
import { signal } from "@preact/signals";
import type { ComponentProps } from "preact";
import type { PolicyEditor } from "./PolicyEditor";
import "./editor.css";

type Editor = typeof PolicyEditor;

const loaded = signal<Editor | null>(null);
let asked = false;

/** Fetches the editor; from then on, every place that waits for it has it. */
export function loadEditor(): void {
  if (asked) return;
  asked = true;
  import("./PolicyEditor").then(
    (module) => (loaded.value = module.PolicyEditor),
    () => (asked = false),
  );
}

export function LazyEditor(props: ComponentProps<Editor>) {
  const Found = loaded.value;
  if (Found !== null) return <Found {...props} />;
  return (
    <pre class={`e-wait ${props.small === true ? "e-small" : ""}`} aria-label={props.label} role="group" tabIndex={0}>
      {props.text.slice(0, 20_000)}
    </pre>
  );
}
