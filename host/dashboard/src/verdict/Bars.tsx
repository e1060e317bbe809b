/** Meters as bars: what is used, what is held, where thresholds are, and what the next call would add. */
import { visibleText } from "../lib/visible";
import { amountText, amountWithUnit, meterName } from "./amount";

export interface Threshold {
  readonly name: string;
  readonly at: number;
}

export interface Bar {
  readonly meter: string;
  readonly unit: string;
  readonly key?: string | null;
  readonly used: number;
  readonly held?: number;
  readonly limit: number | null;
  /** What the call at hand would add. */
  readonly next?: number;
  readonly thresholds?: readonly Threshold[];
  /** `normal`, `warn`, `throttle`, `critical`, `exhausted`; from how full it is, if absent. */
  readonly status?: string;
  /** Words beside the name, such as `per day`. */
  readonly note?: string;
}

export function Bars({ bars, label }: { bars: readonly Bar[]; label: string }) {
  return (
    <ul class="v-bars" aria-label={label}>
      {bars.map((bar) => (
        <li key={`${bar.meter} ${bar.key ?? ""}`}>
          <MeterBar bar={bar} />
        </li>
      ))}
    </ul>
  );
}

export function MeterBar({ bar }: { bar: Bar }) {
  const held = bar.held ?? 0;
  const next = bar.next ?? 0;
  const scale = bar.limit !== null && bar.limit > 0 ? bar.limit : Math.max(1, bar.used + held + next);
  const at = (value: number): string => `${Math.min(100, Math.max(0, (value / scale) * 100))}%`;
  const status = bar.status ?? statusOf(bar);
  const name = meterName(bar.meter) + (bar.key ? ` · ${visibleText(bar.key)}` : "");
  const used = amountText(bar.used + held, bar.unit) + (next > 0 ? ` + ${amountText(next, bar.unit)}` : "");
  const sum = bar.limit === null ? `${used} ${bar.unit === "usd-micros" ? "" : bar.unit}`.trim() : `${used} of ${amountWithUnit(bar.limit, bar.unit)}`;
  return (
    <div class={`v-bar v-is-${status}`}>
      <div class="v-bar-head">
        <span class="v-bar-name">{name}</span>
        {bar.note !== undefined && <span class="v-bar-note">{bar.note}</span>}
        <span class="v-bar-sum">
          {sum}
          {held > 0 && <span class="v-bar-note"> ({amountText(held, bar.unit)} held)</span>}
        </span>
      </div>
      {bar.limit !== null && (
        <div
          class="v-track"
          role="meter"
          aria-label={name}
          aria-valuemin={0}
          aria-valuemax={scale}
          aria-valuenow={Math.min(scale, bar.used + held)}
          aria-valuetext={`${sum}${status === "normal" ? "" : `, ${status}`}`}
        >
          <span class="v-used" style={{ width: at(bar.used) }} />
          {held > 0 && <span class="v-held" style={{ left: at(bar.used), width: at(held) }} />}
          {next > 0 && <span class="v-next" style={{ left: at(bar.used + held), width: at(Math.min(next, scale - bar.used - held)) }} />}
          {bar.thresholds?.map((threshold) => (
            <span key={threshold.name} class="v-tick" style={{ left: at(threshold.at) }} title={`${threshold.name} from ${amountText(threshold.at, bar.unit)}`} />
          ))}
        </div>
      )}
      {bar.thresholds !== undefined && bar.thresholds.length > 0 && <Scale bar={bar} thresholds={bar.thresholds} status={status} />}
    </div>
  );
}

/** The names of thresholds, for whoever cannot tell the ticks apart. */
function Scale({ bar, thresholds, status }: { bar: Bar; thresholds: readonly Threshold[]; status: string }) {
  return (
    <p class="v-scale">
      <span class="v-status">{status}</span>
      {thresholds.map((threshold) => (
        <span key={threshold.name} class={bar.used + (bar.held ?? 0) >= threshold.at ? "v-reached" : ""}>
          {threshold.name} {amountText(threshold.at, bar.unit)}
        </span>
      ))}
    </p>
  );
}

function statusOf(bar: Bar): string {
  if (bar.limit === null) return "normal";
  const used = bar.used + (bar.held ?? 0);
  if (used >= bar.limit) return "exhausted";
  return used >= bar.limit * 0.8 ? "warn" : "normal";
}
