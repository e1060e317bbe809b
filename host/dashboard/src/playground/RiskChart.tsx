/** Points of the session, call by call, below the thresholds. The bar beside it says the same in words. */
import type { Threshold } from "../verdict";
import type { Stage } from "./session-run";

const WIDTH = 600;
const HEIGHT = 96;

interface Props {
  readonly stages: readonly Stage[];
  readonly total: number;
  readonly max: number;
  readonly thresholds: readonly Threshold[];
  readonly chosen: number;
}

export function RiskChart({ stages, total, max, thresholds, chosen }: Props) {
  const x = (position: number): number => (position / Math.max(1, total)) * WIDTH;
  const y = (points: number): number => HEIGHT - 1 - (Math.min(points, max) / Math.max(1, max)) * (HEIGHT - 2);
  const steps = stages.map((stage) => `H${x(stage.position).toFixed(1)}V${y(stage.risk).toFixed(1)}H${x(stage.position + 1).toFixed(1)}`).join("");
  const last = stages.at(-1);
  return (
    <div class="p-chart-box">
      <svg class="p-chart" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} preserveAspectRatio="none" role="img" aria-label={`Points after each call, ${last?.risk ?? 0} of ${max} after ${stages.length} of ${total} calls`}>
        {last !== undefined && <path class="p-chart-area" d={`M0 ${y(0)}${steps}V${y(0)}Z`} />}
        {thresholds.map((threshold) => (
          <line key={threshold.name} class={`p-chart-threshold p-chart-${threshold.name}`} x1={0} x2={WIDTH} y1={y(threshold.at)} y2={y(threshold.at)} />
        ))}
        {last !== undefined && <path class="p-chart-line" d={`M0 ${y(0)}${steps}`} />}
        {chosen < stages.length && <rect class="p-chart-chosen" x={x(chosen)} y={0} width={Math.max(2, x(1))} height={HEIGHT} />}
      </svg>
      {thresholds.map((threshold) => (
        <span key={threshold.name} class="p-chart-name" aria-hidden="true" style={{ top: `${(100 * y(threshold.at)) / HEIGHT}%` }}>
          {threshold.name}
        </span>
      ))}
    </div>
  );
}
