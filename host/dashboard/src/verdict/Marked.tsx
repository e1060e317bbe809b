/** A text with parts of it marked. Unprintables are escaped, and a text of a megabyte is shown in pieces. */
import { useState } from "preact/hooks";
import { pieces } from "../lib/visible";
import { spans, type Mark } from "./subject";

const MOST = 4_000;

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

interface Shown {
  readonly start: number;
  readonly end: number;
  readonly outcome: "allow" | "escalate" | "deny" | null;
  readonly chosen: boolean;
  readonly gap: number;
}

/** The beginning, and the surroundings of every mark. */
function near(all: readonly Omit<Shown, "gap">[], length: number): Shown[] {
  const out: Shown[] = [];
  let budget = MOST;
  const put = (span: Omit<Shown, "gap">, start: number, end: number): void => {
    if (end > start) out.push({ ...span, start, end, gap: 0 });
    budget -= Math.max(0, end - start);
  };
  for (const span of all) {
    const size = span.end - span.start;
    const most = span.outcome === null && !span.chosen ? 600 : 1_200;
    if (size <= most && budget > 0) put(span, span.start, span.end);
    else {
      const side = budget > 0 ? most / 2 : 40;
      put(span, span.start, span.start + Math.min(side, size));
      out.push({ ...span, start: span.start + side, end: span.end - side, gap: Math.max(1, size - 2 * side) });
      if (span.end < length || budget > 0) put(span, Math.max(span.start + side, span.end - side), span.end);
    }
    if (out.length > 400) break;
  }
  return out;
}

function Part({ text, outcome, chosen }: { text: string; outcome: Shown["outcome"]; chosen: boolean }) {
  const content = <Visible text={text} lines />;
  const kind = chosen ? "v-chosen" : "";
  if (outcome === null) return chosen ? <mark class={kind}>{content}</mark> : <>{content}</>;
  return <mark class={`v-mark v-${outcome} ${kind}`}>{content}</mark>;
}

/** Text nodes, with what nobody sees written out. */
export function Visible({ text, lines = false }: { text: string; lines?: boolean }) {
  return (
    <>
      {pieces(text, lines).map((piece, index) =>
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
