/** Decisions and their latency over the last ten minutes, in buckets of ten seconds. */
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import uPlot from "uplot";
import type { Activity } from "../../api/types";
import { axes, Chart, type Colours } from "../../components/Chart";
import { Panel } from "../../components/Panel";
import { micros, short } from "../../lib/format";

const HEIGHT = 132;
const BUCKET_SECONDS = 10;

/** A bucket is drawn from its beginning; the newest one has its place as well. */
const WHOLE: uPlot.Scale = { time: true, range: (_plot, first, last) => [first, last + BUCKET_SECONDS] };

export function ActivityCharts({ activity, known }: { activity: Activity[] | null; known: boolean }): JSX.Element {
  const buckets = activity ?? [];
  const newest = buckets.at(-1)?.at ?? "";
  const data = useMemo(() => series(buckets), [newest, buckets.at(-1)?.allow, buckets.at(-1)?.deny, buckets.at(-1)?.escalate]);
  const sum = (name: "allow" | "deny" | "escalate"): number => buckets.reduce((total, bucket) => total + bucket[name], 0);
  return (
    <div class="grid-2 live-charts">
      <Panel title={<>Decisions <span class="muted small live-per">per 10 s</span></>} aside={<Legend items={[["deny", "Denied"], ["escalate", "Escalated"], ["allow", "Allowed"]]} />}>
        {known && activity === null ? (
          <p class="chart-none muted">This daemon keeps no activity.</p>
        ) : (
          <Chart
            label={`Decisions in the last ten minutes: ${sum("allow")} allowed, ${sum("escalate")} escalated, ${sum("deny")} denied.`}
            height={HEIGHT}
            data={data.counts}
            options={countOptions}
          />
        )}
      </Panel>
      <Panel title="Time to decide" aside={<Legend items={[["p99", "p99"], ["p50", "p50"]]} />}>
        {known && activity === null ? (
          <p class="chart-none muted">This daemon keeps no activity.</p>
        ) : (
          <Chart label={`Latency of decisions in the last ten minutes. ${latencyText(buckets)}`} height={HEIGHT} data={data.latency} options={latencyOptions} />
        )}
      </Panel>
    </div>
  );
}

function Legend({ items }: { items: [string, string][] }): JSX.Element {
  return (
    <ul class="legend">
      {items.map(([name, text]) => (
        <li key={name}>
          <span class={`legend-sign legend-${name}`} aria-hidden="true" />
          {text}
        </li>
      ))}
    </ul>
  );
}

function latencyText(buckets: Activity[]): string {
  const last = buckets.findLast((bucket) => bucket.p99Micros !== null);
  return last === undefined ? "Nothing was decided." : `Now p50 ${micros(last.p50Micros ?? 0)}, p99 ${micros(last.p99Micros ?? 0)}.`;
}

/** Stacked: the first series is the whole, and each next one is drawn over it. */
function series(buckets: Activity[]): { counts: uPlot.AlignedData; latency: uPlot.AlignedData } {
  const at = buckets.map((bucket) => Date.parse(bucket.at) / 1_000);
  const micros = (value: number | null | undefined): number | null => (value === undefined ? null : value);
  return {
    counts: [
      at,
      buckets.map((bucket) => bucket.allow + bucket.escalate + bucket.deny),
      buckets.map((bucket) => bucket.allow + bucket.escalate),
      buckets.map((bucket) => bucket.allow),
    ],
    latency: [at, buckets.map((bucket) => micros(bucket.p99Micros)), buckets.map((bucket) => micros(bucket.p50Micros))],
  };
}

function countOptions(colours: Colours): Omit<uPlot.Options, "width" | "height"> {
  const paths = uPlot.paths.bars?.({ size: [0.82, 14], align: 1 });
  const one = (token: string): uPlot.Series => ({ fill: colours.of(token), width: 0, points: { show: false }, ...(paths === undefined ? {} : { paths }) });
  return {
    ...common(colours, (value) => (value % 1 === 0 ? short(value) : "")),
    scales: { x: WHOLE, y: { range: (_plot, _low, high) => [0, Math.max(4, high * 1.08)] } },
    series: [{}, one("--deny-line"), one("--escalate-line"), one("--allow-line")],
  };
}

function latencyOptions(colours: Colours): Omit<uPlot.Options, "width" | "height"> {
  const points = { show: true, size: 4 };
  return {
    ...common(colours, (value) => micros(value)),
    scales: { x: WHOLE, y: { range: (_plot, _low, high) => [0, Math.max(100, (high ?? 0) * 1.15)] } },
    series: [
      {},
      { stroke: colours.of("--info-line"), width: 1.5, dash: [5, 3], spanGaps: false, points: { ...points, stroke: colours.of("--info-line"), fill: colours.of("--surface") } },
      { stroke: colours.of("--accent"), width: 2, spanGaps: false, points: { ...points, stroke: colours.of("--accent"), fill: colours.of("--accent") } },
    ],
  };
}

function common(colours: Colours, value: (value: number) => string): Pick<uPlot.Options, "legend" | "cursor" | "padding" | "axes"> {
  return { legend: { show: false }, cursor: { show: false }, padding: [6, 8, 0, 0], axes: axes(colours, value) };
}
