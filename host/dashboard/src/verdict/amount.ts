/** Amounts of meters for people. Pure; the engine has money in millionths of a dollar. */
export function amountText(value: number, unit: string): string {
  if (unit !== "usd-micros") return value.toLocaleString("en-US");
  const whole = Math.trunc(value / 1_000_000);
  const micros = Math.abs(value % 1_000_000)
    .toString()
    .padStart(6, "0")
    .replace(/0{1,4}$/, "");
  return `$${whole.toLocaleString("en-US")}.${micros}`;
}

export function amountWithUnit(value: number, unit: string): string {
  const text = amountText(value, unit);
  if (unit === "usd-micros") return text;
  const one = unit.endsWith("s") ? unit.slice(0, -1) : unit;
  return `${text} ${value === 1 ? one : unit}`;
}

/** `budgets/day` as `day`: the name that the author gave it. */
export function meterName(meter: string): string {
  if (meter === "risk") return "Session risk";
  if (meter === "risk/day") return "Risk of the day";
  const name = meter.slice(meter.indexOf("/") + 1);
  if (name === "maxCallsPerMinute") return "Calls per minute";
  if (name === "maxDenialsPerMinute") return "Denials per minute";
  return name;
}
