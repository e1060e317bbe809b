/**
 * The one way in which text of agents reaches the page: as text nodes, unprintables escaped and marked, isolated so
 * that right-to-left text moves nothing around it, and cut where nobody reads on.
 */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { count } from "../lib/format";
import { head, pieces, visibleText } from "../lib/visible";

/** On one line. `most` characters, then an ellipsis. */
export function Text({ of, most = 300, class: name }: { of: string; most?: number; class?: string }): JSX.Element {
  const cut = head(of, most);
  return (
    <bdi class={name} title={cut.left > 0 ? `${visibleText(head(of, 1_000).text)}…` : undefined}>
      <Pieces of={cut.text} lines={false} />
      {cut.left > 0 && "…"}
    </bdi>
  );
}

/** As a block that keeps its lines. What is long is shown in parts, at the reader's wish. */
export function Block({ of, most = 20_000, label }: { of: string; most?: number; label: string }): JSX.Element {
  const [shown, setShown] = useState(most);
  const cut = head(of, shown);
  return (
    <div class="block" role="group" aria-label={label}>
      <pre class="block-text" tabIndex={0} dir="ltr">
        <Pieces of={cut.text} lines={true} />
      </pre>
      {cut.left > 0 && (
        <p class="block-more">
          {count(cut.left)} more characters.{" "}
          <button type="button" class="link" onClick={() => setShown(shown + 100_000)}>
            Show {count(Math.min(cut.left, 100_000))}
          </button>
        </p>
      )}
    </div>
  );
}

function Pieces({ of, lines }: { of: string; lines: boolean }): JSX.Element {
  return (
    <>
      {pieces(of, lines).map((piece) =>
        piece.escaped ? (
          <span class="escaped" title="A character that is not shown as such">
            {piece.text}
          </span>
        ) : (
          piece.text
        ),
      )}
    </>
  );
}
