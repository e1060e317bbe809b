/** Rows of a tree and what keys do in it, as the ARIA practices have it. Pure. */
import type { CommandNode } from "@sentinel/policy";

export interface Row {
  readonly id: string;
  readonly node: CommandNode;
  readonly depth: number;
  /** Among its siblings, from 1. */
  readonly position: number;
  readonly size: number;
}

export function flatten(nodes: readonly CommandNode[], closed: ReadonlySet<string>): Row[] {
  const rows: Row[] = [];
  const walk = (list: readonly CommandNode[], depth: number, above: string): void => {
    list.forEach((node, index) => {
      const id = above === "" ? String(index) : `${above}.${index}`;
      rows.push({ id, node, depth, position: index + 1, size: list.length });
      if (!closed.has(id)) walk(node.children, depth + 1, id);
    });
  };
  walk(nodes, 0, "");
  return rows;
}

export interface Step {
  readonly to?: Row;
  /** Opens or closes the current row. */
  readonly toggle?: boolean;
}

/** What a key does, or null if it does nothing here. */
export function move(rows: readonly Row[], current: Row, key: string, closed: ReadonlySet<string>): Step | null {
  const at = rows.findIndex((row) => row.id === current.id);
  const go = (to: Row | undefined): Step => (to === undefined ? {} : { to });
  const parent = rows.find((row) => row.id === current.id.slice(0, Math.max(0, current.id.lastIndexOf("."))));
  const inner = current.node.children.length > 0;
  switch (key) {
    case "ArrowDown":
      return go(rows[at + 1]);
    case "ArrowUp":
      return go(rows[at - 1]);
    case "Home":
      return go(rows[0]);
    case "End":
      return go(rows.at(-1));
    case "ArrowRight":
      if (!inner) return {};
      return closed.has(current.id) ? { toggle: true } : go(rows[at + 1]);
    case "ArrowLeft":
      return inner && !closed.has(current.id) ? { toggle: false } : go(parent);
    case "Enter":
    case " ":
      return go(current);
    default:
      return null;
  }
}
