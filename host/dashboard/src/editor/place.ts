/**
 * Where in a policy document the cursor is: the path from the root, and whether a key or a value is being
 * written there. For completion and hover only: it forgives everything, since a text that is being typed is
 * wrong most of the time. Whether a document is right is for the engine to say.
 */
import { flowPlace } from "./place-flow";
import { blockPlace } from "./place-block";

export type Step = string | number;
export type Path = readonly Step[];
export type Notation = "json" | "yaml";

export interface Place {
  /** Of the value at the cursor; for a key, of the object that it belongs to. */
  readonly path: Path;
  readonly part: "key" | "value";
  /** What a completion replaces. */
  readonly from: number;
  readonly to: number;
  /** The whole word at the cursor, without quotes. */
  readonly word: string;
  /** Whether the word is in quotes, so that `to` covers the closing one. */
  readonly quoted: boolean;
  /** The keys that the object has beside this one. */
  readonly siblings: readonly string[];
  /** Whether a colon follows the key already. */
  readonly colon: boolean;
  /** In braces and brackets: JSON, and flow collections of YAML. */
  readonly flow: boolean;
  /** Where a comma is missing in front of this key or value, if one is. */
  readonly commaAt: number | null;
  /** The indentation of the line's content, for block collections of YAML. */
  readonly indent: number;
}

/** The place of an offset, or null in comments and where nobody can say. */
export function placeAt(text: string, offset: number, notation: Notation): Place | null {
  if (offset < 0 || offset > text.length) return null;
  return notation === "json" ? flowPlace(text, 0, offset, [], notation).place : blockPlace(text, offset);
}
