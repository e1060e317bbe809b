/** Moments. All of them tick with one clock, and only while somebody looks. */
import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { ago, clock, left, stamp } from "../lib/format";

/** Now, to the second. */
export const now = signal(Date.now());
setInterval(() => {
  if (!document.hidden) now.value = Date.now();
}, 1_000);
document.addEventListener("visibilitychange", () => {
  if (!document.hidden) now.value = Date.now();
});

interface Props {
  at: string | null | undefined;
  /** `ago`: how long since; `clock`: the time of day; `stamp`: date and time; `today`: the date only where it is another day. */
  as?: "ago" | "clock" | "stamp" | "today";
}

export function Time({ at, as = "ago" }: Props): JSX.Element {
  const moment = at === null || at === undefined ? Number.NaN : Date.parse(at);
  if (Number.isNaN(moment)) return <span class="muted">never</span>;
  const date = new Date(moment);
  const brief = as === "clock" || (as === "today" && date.toDateString() === new Date(now.value).toDateString());
  const text = brief ? clock(date) : as === "ago" ? ago(now.value - moment) : stamp(date);
  return (
    <time dateTime={date.toISOString()} title={as === "ago" ? stamp(date) : date.toISOString()} class={`num nowrap${as === "ago" ? " ago" : ""}`}>
      {text}
    </time>
  );
}

/** Time that is left until a moment, to the second. */
export function Countdown({ until, over }: { until: string; over: string }): JSX.Element {
  const rest = Date.parse(until) - now.value;
  if (!(rest > 0)) return <span class="countdown countdown-over">{over}</span>;
  return (
    <time class={`countdown num${rest < 60_000 ? " countdown-short" : ""}`} dateTime={until} role="timer" aria-live="off">
      {left(rest)}
    </time>
  );
}
