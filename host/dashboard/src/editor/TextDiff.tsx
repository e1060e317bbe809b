/** What changed from one text to another, as one text: what went in red, what came in green, the rest folded. */
import { useEffect, useRef } from "preact/hooks";
import { unifiedMergeView } from "@codemirror/merge";
import type { Notation } from "./place";
import { PolicyView } from "./view";
import "./editor.css";

interface Props {
  readonly from: string;
  readonly to: string;
  readonly notation: Notation;
  readonly label: string;
}

export function TextDiff({ from, to, notation, label }: Props) {
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (host.current === null) return undefined;
    const diff = unifiedMergeView({ original: from, mergeControls: false, gutter: true, collapseUnchanged: { margin: 3, minSize: 6 }, diffConfig: { scanLimit: 2_000, timeout: 400 } });
    const view = new PolicyView(host.current, to, { label, notation, readOnly: true, onChange: () => undefined, schema: () => null }, diff);
    return () => view.destroy();
  }, [from, to, notation, label]);
  return <div ref={host} class="e-editor" />;
}
