/** A policy to be read, not changed: with colours, folding and line numbers, and its own scrolling. */
import type { JSX } from "preact";
import { PolicyEditor } from "./PolicyEditor";

export function PolicyText({ text, format }: { text: string; format: "json" | "yaml" }): JSX.Element {
  return (
    <div class="e-read">
      <PolicyEditor text={text} notation={format} label="Policy" readOnly />
    </div>
  );
}
