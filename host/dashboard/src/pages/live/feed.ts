/**
 * What Live shows, kept while other pages are open, so that coming back shows where one was. However many events
 * come, the page is drawn once a frame at most, and ten times a second where they are many.
 */
import { signal } from "@preact/signals";
import { dashboard } from "../../api/calls";
import type { Problem } from "../../api/problem";
import { fromEntry, type LiveEvent } from "./event";
import { EventLog } from "./log";
import { follow, type StreamState } from "./stream";

const KEPT = 10_000;
const AT_FIRST = 250;
const QUIET_MS = 100;

export const log = new EventLog(KEPT);
/** Grows when the list is to be drawn again. */
export const drawn = signal(0);
export const connection = signal<StreamState>("connecting");
/** Why the newest entries could not be had; the stream may work all the same. */
export const refused = signal<Problem | null>(null);

let last: number | null = null;
let frame = 0;
let drawnAt = 0;

export function redraw(): void {
  if (frame !== 0) return;
  frame = requestAnimationFrame(draw);
}

function draw(time: number): void {
  frame = 0;
  if (time - drawnAt < QUIET_MS) {
    redraw();
    return;
  }
  drawnAt = time;
  drawn.value += 1;
}

function add(event: LiveEvent): void {
  if (event.kind !== "dropped") last = event.index;
  log.push(event);
  redraw();
}

/** Follows until the answer is called. The newest entries come first, then what happens. */
export function start(mayReadAll: boolean): () => void {
  const ended = new AbortController();
  let end = (): void => undefined;
  // A page that nobody looks at gives its connection back, of which browsers have six; what it missed comes later.
  const listen = (): void => {
    end();
    if (ended.signal.aborted || document.hidden) return;
    end = follow(last, { event: add, state: (state) => (connection.value = state) });
  };
  const seen = (): void => {
    if (document.hidden) end();
    else listen();
  };
  const ready = (): void => {
    if (ended.signal.aborted) return;
    document.addEventListener("visibilitychange", seen, { signal: ended.signal });
    listen();
  };
  if (last !== null || !mayReadAll) ready();
  else {
    void dashboard(AT_FIRST, ended.signal).then((answer) => {
      refused.value = answer.ok ? null : answer.problem;
      if (answer.ok && last === null) for (const entry of answer.value.recentEvents.toReversed()) add(fromEntry(entry));
      ready();
    });
  }
  return () => {
    ended.abort();
    end();
  };
}
