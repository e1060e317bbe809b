/**
 * The engine's JSON Schema, as far as completion needs it: which nodes describe the value at a path.
 * It checks nothing: diagnostics are the engine's, which knows more than a schema can say.
 */
import type { Path } from "./place";

export interface SchemaNode {
  readonly $ref?: string;
  readonly $defs?: Readonly<Record<string, SchemaNode>>;
  readonly type?: string | readonly string[];
  readonly description?: string;
  readonly properties?: Readonly<Record<string, SchemaNode>>;
  readonly additionalProperties?: boolean | SchemaNode;
  readonly required?: readonly string[];
  readonly items?: SchemaNode;
  readonly enum?: readonly unknown[];
  readonly oneOf?: readonly SchemaNode[];
  readonly anyOf?: readonly SchemaNode[];
  readonly minimum?: number;
  readonly maximum?: number;
  readonly maxLength?: number;
  readonly maxItems?: number;
}

/** References and alternatives resolved, outermost first; a description outside of them goes first. */
export function alternatives(root: SchemaNode, node: SchemaNode, depth = 0): SchemaNode[] {
  if (depth > 8) return [];
  if (node.$ref !== undefined) {
    const name = /^#\/\$defs\/([^/]+)$/.exec(node.$ref)?.[1];
    const target = name === undefined ? undefined : root.$defs?.[name];
    return target === undefined ? [] : alternatives(root, target, depth + 1);
  }
  const many = node.oneOf ?? node.anyOf;
  return many === undefined ? [node] : many.flatMap((one) => alternatives(root, one, depth + 1));
}

/** Everything that may describe the value at a path. Keys that stand beside it narrow alternatives down. */
export function nodesAt(root: SchemaNode, path: Path): SchemaNode[] {
  let nodes = alternatives(root, root);
  for (const step of path) nodes = nodes.flatMap((node) => child(node, step)).flatMap((node) => alternatives(root, node));
  return nodes;
}

function child(node: SchemaNode, step: string | number): SchemaNode[] {
  if (typeof step === "number") return node.items === undefined ? [] : [node.items];
  const own = node.properties !== undefined && Object.hasOwn(node.properties, step) ? node.properties[step] : undefined;
  if (own !== undefined) return [own];
  return typeof node.additionalProperties === "object" ? [node.additionalProperties] : [];
}

export interface Property {
  readonly name: string;
  readonly node: SchemaNode;
  readonly required: boolean;
}

/** The properties that an object at a path may still get. */
export function propertiesAt(root: SchemaNode, path: Path, siblings: readonly string[]): Property[] {
  const fitting = nodesAt(root, path).filter(
    (node) => node.properties !== undefined && siblings.every((name) => Object.hasOwn(node.properties ?? {}, name)),
  );
  const found = new Map<string, Property>();
  for (const node of fitting) {
    for (const [name, own] of Object.entries(node.properties ?? {})) {
      if (siblings.includes(name) || found.has(name)) continue;
      found.set(name, { name, node: own, required: node.required?.includes(name) ?? false });
    }
  }
  return [...found.values()];
}

/** What a person reads about the value at a path: the description nearest to it. */
export function describeAt(root: SchemaNode, path: Path): { title: string; type: string; description: string } | null {
  const last = path.at(-1);
  if (last === undefined) return null;
  const parents = nodesAt(root, path.slice(0, -1));
  const own = parents.flatMap((node) => child(node, last));
  const nodes = own.flatMap((node) => alternatives(root, node));
  if (nodes.length === 0) return null;
  const parent = parents.find((node) => node.description !== undefined)?.description;
  const description = [...own, ...nodes].find((node) => node.description !== undefined)?.description ?? parent ?? "";
  const title = path.map((step) => (typeof step === "number" ? "[]" : step)).join(".").replaceAll(".[]", "[]");
  return { title, type: typeWord(root, own), description };
}

/** `text`, `list of text`, `one of a, b` … in the words of the reference. */
export function typeWord(root: SchemaNode, nodes: readonly SchemaNode[]): string {
  const words = nodes.flatMap((node) => alternatives(root, node)).map((node) => {
    if (node.enum !== undefined) return `one of ${node.enum.map(String).join(", ")}`;
    const types = typeof node.type === "string" ? [node.type] : (node.type ?? []);
    return types.map((type) => (type === "array" && node.items !== undefined ? `list of ${typeWord(root, [node.items])}` : name(type))).join(" or ");
  });
  return [...new Set(words.filter((word) => word !== ""))].join(" or ");
}

function name(type: string): string {
  const words: Readonly<Record<string, string>> = { string: "text", integer: "whole number", array: "list", boolean: "true or false" };
  return words[type] ?? type;
}
