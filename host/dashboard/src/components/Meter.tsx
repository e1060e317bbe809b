/** How full something is: a bar for budgets, with what is held apart, and a gauge with thresholds for risk. */
import type { ComponentChildren, JSX } from "preact";
import { short } from "../lib/format";

/** `used` and `held` of `limit`, in any one unit. Without a limit there is no bar, only the words. */
export function MeterBar({
  name,
  used,
  held = 0,
  limit,
  text,
}: {
  name: string;
  used: number;
  held?: number;
  limit: number | null;
  text: ComponentChildren;
}): JSX.Element {
  return (
    <div class="meter">
      {limit !== null && <Bar name={name} used={used} held={held} limit={limit} />}
      <div class="meter-text num">{text}</div>
    </div>
  );
}

function Bar({ name, used, held, limit }: { name: string; used: number; held: number; limit: number }): JSX.Element {
  // Of nothing, everything is used.
  const usedPart = limit <= 0 ? 1 : Math.min(1, used / limit);
  const heldPart = limit <= 0 ? 0 : Math.min(1 - usedPart, held / limit);
  const share = usedPart + heldPart;
  const tone = share >= 1 ? "deny" : share >= 0.8 ? "escalate" : "accent";
  return (
    <div class="meter-bar" role="meter" aria-label={name} aria-valuemin={0} aria-valuemax={Math.max(0, limit)} aria-valuenow={Math.min(used + held, Math.max(0, limit))}>
      <span class={`meter-used meter-${tone}`} style={{ width: `${usedPart * 100}%` }} />
      <span class={`meter-held meter-${tone}`} style={{ width: `${heldPart * 100}%` }} />
    </div>
  );
}

export interface Threshold {
  name: string;
  /** In the unit of the gauge. */
  at: number;
}

/** Half a circle. Marks stand where the status changes; the words below say what the picture does. */
export function Gauge({
  name,
  used,
  max,
  status,
  thresholds,
}: {
  name: string;
  used: number;
  max: number | null;
  status: string;
  thresholds: Threshold[];
}): JSX.Element {
  const top = max ?? Math.max(used, 1);
  const share = top > 0 ? Math.min(1, used / top) : 1;
  const tone = status === "critical" || status === "exhausted" ? "deny" : status === "warn" || status === "throttle" ? "escalate" : "accent";
  return (
    <figure class="gauge">
      <svg viewBox="0 0 200 112" role="meter" aria-label={name} aria-valuemin={0} aria-valuemax={top} aria-valuenow={Math.min(used, top)} aria-valuetext={`${used} of ${max ?? "no limit"}, ${status}`}>
        <path class="gauge-track" d={arc(0, 1, 84)} />
        {share > 0.004 && <path class={`gauge-value gauge-${tone}`} d={arc(0, share, 84)} />}
        {thresholds.map((threshold) => (
          <path key={threshold.name} class="gauge-mark" d={tick(Math.min(1, threshold.at / top))} />
        ))}
        <text x="100" y="82" class="gauge-number">
          {short(used)}
        </text>
        <text x="100" y="102" class="gauge-of">
          {max === null ? "no limit" : `of ${short(max)} points`}
        </text>
      </svg>
    </figure>
  );
}

function point(share: number, radius: number): [string, string] {
  const angle = Math.PI * (1 - share);
  return [(100 + radius * Math.cos(angle)).toFixed(2), (100 - radius * Math.sin(angle)).toFixed(2)];
}

function arc(from: number, to: number, radius: number): string {
  const [x1, y1] = point(from, radius);
  const [x2, y2] = point(to, radius);
  return `M${x1} ${y1}A${radius} ${radius} 0 0 1 ${x2} ${y2}`;
}

function tick(share: number): string {
  const [x1, y1] = point(share, 75);
  const [x2, y2] = point(share, 95);
  return `M${x1} ${y1}L${x2} ${y2}`;
}
