/** The editor of a policy document: the text, what the engine says of it while it is typed, and ways to go there. */
import { useEffect, useImperativeHandle, useRef } from "preact/hooks";
import { schema as engineSchema, type Diagnostic } from "@sentinel/policy";
import type { Ref } from "preact";
import type { Notation } from "./place";
import type { SchemaNode } from "./schema";
import { PolicyView } from "./view";
import "./editor.css";

export interface EditorHandle {
  /** Shows a place of the text and marks it. */
  show: (start: number, end: number, focus?: boolean) => void;
  focus: () => void;
}

interface Props {
  readonly text: string;
  readonly notation: Notation;
  readonly label: string;
  readonly onChange?: (text: string) => void;
  readonly diagnostics?: readonly Diagnostic[];
  readonly readOnly?: boolean;
  readonly small?: boolean;
  /** Completion from the schema of policies; false for calls. */
  readonly assist?: boolean;
  readonly handle?: Ref<EditorHandle>;
}

const ECHOES_MOST = 64;

let cached: SchemaNode | null = null;

/** The schema, as soon as the engine is there. It does not change while a page lives. */
function policySchema(): SchemaNode | null {
  if (cached !== null) return cached;
  try {
    cached = engineSchema() as SchemaNode;
  } catch {
    return null;
  }
  return cached;
}

export function PolicyEditor({ text, notation, label, onChange, diagnostics, readOnly = false, small = false, assist = true, handle }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<PolicyView | null>(null);
  const changed = useRef(onChange);
  changed.current = onChange;
  // What was typed here comes back as `text` a moment later, when more may have been typed: that is no news.
  const echoes = useRef<string[]>([]);

  useEffect(() => {
    if (host.current === null) return undefined;
    const made = new PolicyView(host.current, text, {
      label,
      notation,
      readOnly,
      small,
      onChange: (next) => {
        if (changed.current === undefined) return;
        echoes.current = [...echoes.current.slice(-ECHOES_MOST), next];
        changed.current(next);
      },
      schema: () => (assist ? policySchema() : null),
    });
    view.current = made;
    return () => {
      view.current = null;
      made.destroy();
    };
    // Everything else is passed on below, without a new editor: it would forget its history.
  }, []);

  useEffect(() => {
    const echo = echoes.current.lastIndexOf(text);
    echoes.current = echoes.current.slice(echo + 1);
    if (echo === -1) view.current?.replace(text);
  }, [text]);
  useEffect(() => view.current?.notation(notation), [notation]);
  useEffect(() => view.current?.readOnly(readOnly), [readOnly]);
  useEffect(() => view.current?.diagnostics(diagnostics ?? []), [diagnostics]);
  useImperativeHandle(handle ?? null, () => ({
    show: (start, end, focus = false) => view.current?.show(start, end, focus),
    focus: () => view.current?.focus(),
  }), []);

  return <div ref={host} class={`e-editor ${small ? "e-small" : ""}`} />;
}
