/**
 * Dollars with six decimals, exactly. Amounts are counted by the engine; this writes them and adds them up.
 */

const MICROS = 1_000_000n;

/** `"0.500000"` of so many millionths. */
export function dollars(micros: bigint): string {
  const sign = micros < 0n ? "-" : "";
  const own = micros < 0n ? -micros : micros;
  return `${sign}${own / MICROS}.${(own % MICROS).toString().padStart(6, "0")}`;
}

/** Millionths of a plain decimal text; null for everything else, such as `.`, `+1`, `0x10` and `1.-5`. */
export function micros(text: string): bigint | null {
  const found = /^([0-9]{1,18})(?:\.([0-9]{1,6}))?$/.exec(text);
  if (found === null) return null;
  return BigInt(found[1] ?? "0") * MICROS + BigInt((found[2] ?? "").padEnd(6, "0"));
}
