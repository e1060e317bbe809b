/** Sums over all agents and for good, and how the last minute went. Each has its place from the start. */
import type { ComponentChildren, JSX } from "preact";
import type { Activity, Dashboard } from "../../api/types";
import { count, micros, short, usd } from "../../lib/format";

export function Totals({ totals, activity }: { totals: Dashboard["totals"] | null; activity: Activity[] | null }): JSX.Element {
  const newest = activity?.findLast((bucket) => bucket.p99Micros !== null && bucket.p99Micros !== undefined);
  const minute = (activity ?? []).slice(-7, -1);
  const perSecond = minute.reduce((sum, bucket) => sum + bucket.allow + bucket.deny + bucket.escalate, 0) / (minute.length * 10 || 1);
  return (
    <dl class="totals">
      <Total name="Decided" value={totals && short(totals.calls)} title={totals && count(totals.calls)} note={activity === null ? "" : `${perSecond < 10 ? perSecond.toFixed(1) : short(Math.round(perSecond))} a second`} />
      <Total name="Allowed" value={totals && short(totals.allowed)} title={totals && count(totals.allowed)} note={share(totals?.allowed, totals?.calls)} tone="allow" />
      <Total name="Escalated" value={totals && short(totals.escalated)} title={totals && count(totals.escalated)} note={share(totals?.escalated, totals?.calls)} tone="escalate" />
      <Total name="Denied" value={totals && short(totals.denied)} title={totals && count(totals.denied)} note={share(totals?.denied, totals?.calls)} tone="deny" />
      <Total name="Value protected" value={totals && usd(totals.protectedUsd)} title="At stake in calls that were held back, each once" note="held back" />
      <Total name="Latency, p99" value={newest === undefined ? (totals && "–") : micros(newest.p99Micros ?? 0)} title="Of the newest ten seconds in which something was decided" note={newest === undefined ? "" : `p50 ${micros(newest.p50Micros ?? 0)}`} />
    </dl>
  );
}

function share(part: number | undefined, whole: number | undefined): string {
  if (part === undefined || whole === undefined || whole === 0) return "";
  const percent = (100 * part) / whole;
  return `${percent < 10 ? percent.toFixed(1) : percent.toFixed(0)} %`;
}

function Total({ name, value, title, note, tone }: { name: string; value: ComponentChildren; title: string | null; note: string; tone?: string }): JSX.Element {
  return (
    <div class={`total${tone === undefined ? "" : ` total-${tone}`}`}>
      <dt>{name}</dt>
      <dd class="total-value num" title={title ?? undefined}>
        {value ?? <span class="muted">…</span>}
      </dd>
      <dd class="total-note num">{note === "" ? "\u00a0" : note}</dd>
    </div>
  );
}
