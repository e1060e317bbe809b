/**
 * The list, its filters, and holding it still. Rows come at the top; who scrolls down or presses Pause reads in peace,
 * and sees how many wait. Nothing here is a live region: a thousand events a second would be shouted.
 */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { Button } from "../../components/Button";
import { Empty, ErrorBox, Loading } from "../../components/states";
import { VirtualList } from "../../components/VirtualList";
import { count, plural } from "../../lib/format";
import type { LiveEvent } from "./event";
import { connection, drawn, log, redraw, refused } from "./feed";
import { LiveFilters } from "./LiveFilters";
import { LiveRow, narrow } from "./LiveRow";

export function LiveList(): JSX.Element {
  void drawn.value;
  const [top, setTop] = useState(true);
  const [turn, setTurn] = useState(0);
  const [byHand, setByHand] = useState(log.held);

  const hold = (hand: boolean): void => {
    log.hold();
    setByHand(hand);
    redraw();
  };
  const release = (): void => {
    log.release();
    setByHand(false);
    setTurn(turn + 1);
    redraw();
  };
  const onTop = (isTop: boolean): void => {
    if (isTop === top) return;
    setTop(isTop);
    if (!isTop) hold(byHand);
    else if (!byHand) release();
  };

  // A row that has the focus would be pushed away from under it.
  const focused = (event: FocusEvent): void => {
    if (event.target instanceof HTMLAnchorElement && !log.held) hold(false);
  };
  const unfocused = (event: FocusEvent): void => {
    const to = event.relatedTarget;
    const stays = to instanceof Node && event.currentTarget instanceof Node && event.currentTarget.contains(to);
    if (!stays && !byHand && top && log.held) release();
  };

  return (
    <section class="panel live-panel" aria-label="Events">
      <div class="live-bar">
        <LiveFilters />
        <span class="muted small num live-count">
          {log.length === log.kept ? plural(log.length, "event") : `${count(log.length)} of ${plural(log.kept, "event")}`}
          {log.held && log.waiting > 0 && ` · ${count(log.waiting)} new`}
        </span>
        <div class="live-hold">
          <Button icon={log.held ? "play" : "pause"} pressed={log.held} onClick={() => (log.held ? release() : hold(true))} title={log.held ? "Show what came meanwhile" : "Hold the list still"} {...(log.held && log.waiting > 0 ? { label: `Resume · ${count(log.waiting)} new` } : {})}>
            <span class="live-hold-text">{log.held ? "Resume" : "Pause"}</span>
          </Button>
        </div>
      </div>
      {log.length === 0 ? (
        <div class="live-list">
          <Nothing />
        </div>
      ) : (
        <div class="live-list" onFocusIn={focused} onFocusOut={unfocused}>
          <VirtualList
            label="Events, newest first"
            length={log.length}
            rowHeight={narrow.value ? 58 : 34}
            columns={7}
            head={<Head />}
            keyOf={(position) => keyOf(log.newest(position), position)}
            rowClass={(position) => `live-row live-${log.newest(position)?.decision || "other"}`}
            row={(position) => <LiveRow event={log.newest(position)} />}
            onTop={onTop}
            toTop={turn}
          />
        </div>
      )}
    </section>
  );
}

/** A mark has the index of the entry after it. */
function keyOf(event: LiveEvent | undefined, position: number): string | number {
  if (event === undefined) return -1 - position;
  return event.kind === "dropped" ? `before ${event.index}` : event.index;
}

function Head(): JSX.Element {
  const names = ["Time", "Verdict", "Agent", "Tool", "Layer", "Reason", "Entry"];
  return (
    <>
      {names.map((name) => (
        <span key={name} role="columnheader" class={`live-c live-c-${name.toLowerCase()}`}>
          {name}
        </span>
      ))}
    </>
  );
}

function Nothing(): JSX.Element {
  if (log.kept > 0) return <Empty title="Nothing of what is kept matches">Choose other filters; what was filtered out is still there.</Empty>;
  if (refused.value !== null && refused.value.kind !== "gone") return <ErrorBox problem={refused.value} />;
  if (connection.value === "connecting") return <Loading rows={6} />;
  return (
    <Empty title="Nothing has happened yet">
      Decisions appear here the moment they are recorded. Send one with <code>POST /v1/evaluate</code>.
    </Empty>
  );
}
