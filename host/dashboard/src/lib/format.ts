/** Numbers, money and times as people read them. Fixed English forms, so that a screenshot is the same everywhere. */
const whole = new Intl.NumberFormat("en-US", { maximumFractionDigits: 0 });

export function count(value: number): string {
  return whole.format(value);
}

/** 1234567 as `1.23 M`: for places where a number may not grow. */
export function short(value: number): string {
  if (value < 10_000) return whole.format(value);
  if (value < 1_000_000) return `${trimmed(value / 1_000)} k`;
  if (value < 1_000_000_000) return `${trimmed(value / 1_000_000)} M`;
  return `${trimmed(value / 1_000_000_000)} G`;
}

function trimmed(value: number): string {
  return value >= 100 ? value.toFixed(0) : value >= 10 ? value.toFixed(1) : value.toFixed(2);
}

/** A decimal text, as the API has money, as dollars: never through a float. */
export function usd(text: string): string {
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text);
  if (match === null) return text;
  const [, sign = "", dollars = "0", cents = ""] = match;
  const grouped = dollars.replace(/\B(?=(\d{3})+(?!\d))/g, ",");
  return `${sign}$${grouped}.${cents.padEnd(2, "0")}`;
}

/** An amount in the unit of its meter: `points`, `usd`, `tokens`, `calls`. */
export function amount(value: number | string, unit: string): string {
  if (unit === "usd") return usd(String(value));
  const number = typeof value === "number" ? value : Number(value);
  return Number.isFinite(number) ? count(number) : String(value);
}

/** Microseconds: `850 µs`, `1.24 ms`. */
export function micros(value: number): string {
  if (value < 1_000) return `${Math.round(value)} µs`;
  if (value < 1_000_000) return `${trimmed(value / 1_000)} ms`;
  return `${trimmed(value / 1_000_000)} s`;
}

export function millis(value: number): string {
  return value < 1_000 ? `${Math.round(value)} ms` : `${trimmed(value / 1_000)} s`;
}

/** `14:03:07`, in the zone of whoever looks. */
export function clock(at: Date): string {
  return `${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** `2026-03-09 14:03:07`. */
export function stamp(at: Date): string {
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${clock(at)}`;
}

function two(value: number): string {
  return value < 10 ? `0${value}` : String(value);
}

/** How long ago, roughly: `just now`, `12 s ago`, `3 min ago`, `2 h ago`, `4 days ago`. */
export function ago(millisAgo: number): string {
  const seconds = Math.round(millisAgo / 1_000);
  if (seconds < 2) return "just now";
  if (seconds < 90) return `${seconds} s ago`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 90) return `${minutes} min ago`;
  const hours = Math.round(minutes / 60);
  if (hours < 36) return `${hours} h ago`;
  return `${Math.round(hours / 24)} days ago`;
}

/** Time that is left, exactly: `9:41`, `1:05:00`, `2 d 3 h`. */
export function left(millisLeft: number): string {
  const seconds = Math.max(0, Math.ceil(millisLeft / 1_000));
  const days = Math.floor(seconds / 86_400);
  const hours = Math.floor((seconds % 86_400) / 3_600);
  if (days > 0) return `${days} d ${hours} h`;
  const minutes = Math.floor((seconds % 3_600) / 60);
  if (hours > 0) return `${hours}:${two(minutes)}:${two(seconds % 60)}`;
  return `${minutes}:${two(seconds % 60)}`;
}

/** What a window of seconds is called: `per minute`, `per day`. */
export function windowName(window: { kind: string; seconds?: number }): string {
  if (window.kind === "lifetime" || window.seconds === undefined) return "in all";
  const names: Record<number, string> = { 60: "per minute", 3_600: "per hour", 86_400: "per day", 604_800: "per week" };
  return names[window.seconds] ?? `per ${whole.format(window.seconds)} s`;
}

/** Bytes of a text: `412 bytes`, `1.02 MB`. */
export function size(bytes: number): string {
  if (bytes < 1_000) return bytes === 1 ? "1 byte" : `${bytes} bytes`;
  if (bytes < 1_000_000) return `${trimmed(bytes / 1_000)} kB`;
  return `${trimmed(bytes / 1_000_000)} MB`;
}

/** `1 call`, `3 calls`. */
export function plural(value: number, one: string, many = `${one}s`): string {
  return `${count(value)} ${value === 1 ? one : many}`;
}

/** What a meter of a policy is called: `budgets/day` as `Budget “day”`. An unknown name stays as it is. */
export function meterName(meter: string): string {
  const known: Record<string, string> = {
    risk: "Risk points, this session",
    "risk/day": "Risk points, per day",
    "risk/call": "Risk points, per call",
    "rateLimits/maxCallsPerMinute": "Calls per minute",
    "rateLimits/maxDenialsPerMinute": "Denials per minute",
  };
  const budget = /^budgets\/(.+)$/.exec(meter)?.[1];
  return known[meter] ?? (budget === undefined ? meter : `Budget “${budget}”`);
}

/** `120.500000` as `120.50`: millionths only where there are some. */
export function plainUsd(value: string): string {
  return value.replace(/(\.\d\d\d*?)0+$/, "$1");
}
