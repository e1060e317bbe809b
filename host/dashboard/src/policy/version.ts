/**
 * Versions of policies: which is newer, which comes next, and where a document has its own. The daemon decides what
 * it takes; this only says it beforehand. Pure.
 */
import { placeAt, type Notation } from "../editor/place";

/** Below 0 where `a` is older. Numbers as numbers, a pre-release before its release, `+…` does not count. */
export function compareVersions(a: string, b: string): number {
  const [aMain, aPre] = split(a);
  const [bMain, bPre] = split(b);
  const main = compareParts(aMain.split("."), bMain.split("."));
  if (main !== 0) return main;
  if (aPre === null || bPre === null) return (aPre === null ? 1 : 0) - (bPre === null ? 1 : 0);
  return compareParts(aPre.split("."), bPre.split("."));
}

function split(version: string): [string, string | null] {
  const bare = version.split("+")[0] ?? "";
  const dash = bare.indexOf("-");
  return dash === -1 ? [bare, null] : [bare.slice(0, dash), bare.slice(dash + 1)];
}

function compareParts(a: readonly string[], b: readonly string[]): number {
  for (let at = 0; at < Math.max(a.length, b.length); at += 1) {
    const one = a[at];
    const other = b[at];
    if (one === undefined || other === undefined) return one === undefined ? -1 : 1;
    const numbers = /^\d+$/.test(one) && /^\d+$/.test(other);
    const order = numbers ? compareNumbers(one, other) : one < other ? -1 : one > other ? 1 : 0;
    if (order !== 0) return order;
  }
  return 0;
}

function compareNumbers(a: string, b: string): number {
  const [one, other] = [BigInt(a), BigInt(b)];
  return one < other ? -1 : one > other ? 1 : 0;
}

/** The next one: its last number, one higher. */
export function nextVersion(version: string): string {
  const bare = version.split("+")[0] ?? version;
  const match = /^(.*?)(\d+)(\D*)$/s.exec(bare);
  if (match === null) return `${bare}.1`;
  const [, before = "", number = "0", after = ""] = match;
  return `${before}${BigInt(number) + 1n}${after}`;
}

export interface VersionPlace {
  readonly from: number;
  readonly to: number;
  readonly version: string;
  readonly quoted: boolean;
}

/** Where a text has its version, as far as it can be found. */
export function findVersion(text: string, notation: Notation): VersionPlace | null {
  for (const match of text.matchAll(/version/g)) {
    const key = placeAt(text, match.index + 1, notation);
    if (key === null || key.part !== "key" || key.path.length > 0 || key.word !== "version" || !key.colon) continue;
    const gap = /^[\s]*:[ \t\r\n]*/.exec(text.slice(key.to))?.[0].length;
    if (gap === undefined) continue;
    const value = placeAt(text, key.to + gap, notation);
    if (value === null || value.part !== "value" || value.path.length !== 1 || value.to <= value.from) continue;
    return { from: value.from, to: value.to, version: value.word, quoted: value.quoted };
  }
  return null;
}

/** The text with another version, or null where it has none that can be found. */
export function withVersion(text: string, notation: Notation, version: string): string | null {
  const place = findVersion(text, notation);
  return place === null ? null : text.slice(0, place.from) + JSON.stringify(version) + text.slice(place.to);
}
