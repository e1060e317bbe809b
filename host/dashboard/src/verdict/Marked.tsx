/** A text with parts of it marked. Unprintables are escaped, and a text of a megabyte is shown in pieces. */
import { useState } from "preact/hooks";
import { type Piece, pieces } from "../lib/visible";
import { escapesOf } from "./escapes";
import { MOST, near, type Shown } from "./near";
import { spans, type Mark } from "./subject";


interface Props {
  readonly text: string;
  readonly marks: readonly Mark[];
  readonly chosen?: { start: number; end: number } | null;
  readonly label: string;
}

export function Marked({ text, marks, chosen = null, label }: Props) {
  const [all, setAll] = useState(false);
  const cut = !all && text.length > MOST;
  const shown = spans(text.length, marks, chosen);
  const visible: readonly Shown[] = cut ? near(shown, text.length) : shown.map((span) => ({ ...span, gap: 0 }));
  return (
    <div class="v-marked">
      <pre class="v-text" aria-label={label} tabIndex={0} role="group">
        {visible.map((span) =>
          span.gap > 0 ? (
            <span key={`gap${span.start}`} class="v-gap">{` … ${span.gap} characters … `}</span>
          ) : (
            <Part key={span.start} text={text.slice(span.start, span.end)} outcome={span.outcome} chosen={span.chosen} />
          ),
        )}
      </pre>
      {text.length > MOST && (
        <button type="button" class="v-link" onClick={() => setAll(!all)}>
          {all ? "Show less" : `Show all ${text.length.toLocaleString("en-US")} characters`}
        </button>
      )}
    </div>
  );
}

function Part({ text, outcome, chosen }: { text: string; outcome: Shown["outcome"]; chosen: boolean }) {
  const content = <Visible text={text} lines />;
  const kind = chosen ? "v-chosen" : "";
  if (outcome === null) return chosen ? <mark class={kind}>{content}</mark> : <>{content}</>;
  return <mark class={`v-mark v-${outcome} ${kind}`}>{content}</mark>;
}

/** Text nodes, with what nobody sees written out. */
export function Visible({ text, lines = false }: { text: string; lines?: boolean }) {
  return <Pieces of={pieces(text, lines)} />;
}

/** A text that the engine escaped, with what of it stands for a character of `raw`. */
export function Escaped({ text, raw }: { text: string; raw: string | null }) {
  return <Pieces of={escapesOf(text, raw)} />;
}

function Pieces({ of }: { of: readonly Piece[] }) {
  return (
    <>
      {of.map((piece, index) =>
        piece.escaped ? (
          <span key={index} class="escaped" title="A character that cannot be seen">
            {piece.text}
          </span>
        ) : (
          piece.text
        ),
      )}
    </>
  );
}
