/** What can be written at a place of a policy document. Pure: the editor turns it into its own completions. */
import type { Notation, Place } from "./place";
import { alternatives, nodesAt, propertiesAt, typeWord, type SchemaNode } from "./schema";

export interface Suggestion {
  readonly label: string;
  readonly kind: "property" | "value";
  readonly detail: string;
  readonly info: string;
  /** What is written instead of the word; the cursor goes behind the first `cursor` characters of it. */
  readonly insert: string;
  readonly cursor: number;
  /** Higher goes first. */
  readonly boost: number;
}

export function suggest(root: SchemaNode, place: Place, notation: Notation): Suggestion[] {
  if (place.part === "key") return keys(root, place, notation);
  const nodes = nodesAt(root, place.path);
  const found = values(nodes, notation);
  // In lines, an object begins with its first key.
  if (notation === "yaml" && !place.flow) {
    const isObject = nodes.some((node) => node.properties !== undefined);
    return isObject && !place.quoted ? [...keys(root, place, notation), ...found] : found;
  }
  return found;
}

function keys(root: SchemaNode, place: Place, notation: Notation): Suggestion[] {
  return propertiesAt(root, place.path, place.siblings).map(({ name, node, required }, index) => {
    const { insert, cursor } = place.colon ? bare(name, notation) : pair(root, name, node, place, notation);
    return {
      label: name,
      kind: "property" as const,
      detail: required ? "required" : typeWord(root, [node]).slice(0, 40),
      info: [node, ...alternatives(root, node)].find((one) => one.description !== undefined)?.description ?? "",
      insert,
      cursor,
      boost: (required ? 50 : 0) - index / 10,
    };
  });
}

function bare(name: string, notation: Notation): { insert: string; cursor: number } {
  const insert = notation === "json" ? JSON.stringify(name) : name;
  return { insert, cursor: insert.length };
}

/** The key, its colon, and the beginning of a value of its type. */
function pair(root: SchemaNode, name: string, node: SchemaNode, place: Place, notation: Notation): { insert: string; cursor: number } {
  const types = new Set(alternatives(root, node).flatMap((one) => (typeof one.type === "string" ? [one.type] : (one.type ?? []))));
  const only = types.size === 1 ? [...types][0] : undefined;
  if (notation === "yaml" && !place.flow) {
    const deeper = `\n${" ".repeat(place.indent + 2)}`;
    const insert = only === "object" ? `${name}:${deeper}` : only === "array" ? `${name}:${deeper}- ` : `${name}: `;
    return { insert, cursor: insert.length };
  }
  const head = notation === "json" ? `${JSON.stringify(name)}: ` : `${name}: `;
  const text = notation === "json" && only === "string";
  const body = only === "object" ? "{}" : only === "array" ? "[]" : text ? '""' : "";
  return { insert: head + body, cursor: head.length + (body === "" ? 0 : 1) };
}

function values(nodes: readonly SchemaNode[], notation: Notation): Suggestion[] {
  const found = new Map<string, Suggestion>();
  const add = (value: unknown, info: string, boost: number): void => {
    const label = String(value);
    if (found.has(label)) return;
    const written = typeof value !== "string" ? label : notation === "json" ? JSON.stringify(value) : plain(value);
    found.set(label, { label, kind: "value", detail: "", info, insert: written, cursor: written.length, boost });
  };
  for (const node of nodes) {
    const info = node.description ?? "";
    for (const value of node.enum ?? []) add(value, info, 0);
    if (node.type === "boolean") for (const value of [true, false]) add(value, info, 0);
    // Where any text may stand, the description names the usual ones.
    if (node.type === "string" && node.enum === undefined) {
      for (const match of info.matchAll(/`([^`\s]{1,40})`/g)) add(match[1] ?? "", info, -1);
    }
  }
  return [...found.values()];
}

/** A text of YAML without quotes, where it may go without. */
function plain(value: string): string {
  return /^[A-Za-z][A-Za-z0-9_./-]*$/.test(value) && !/^(true|false|null|yes|no|on|off)$/i.test(value) ? value : JSON.stringify(value);
}
