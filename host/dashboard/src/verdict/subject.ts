/**
 * The text that a decision is about, and which parts of it decided. A command with exact places, or the input
 * of the tool with the parts found in it. Pure.
 */
import type { CommandNode, Explanation, Outcome, Reason } from "@sentinel/policy";

export interface Mark {
  readonly start: number;
  readonly end: number;
  readonly outcome: Outcome;
  /** Index of the reason. */
  readonly reason: number;
}

export interface Subject {
  readonly title: "Command" | "Input";
  readonly text: string;
  readonly marks: readonly Mark[];
}

const RANK: Readonly<Record<Outcome, number>> = { allow: 0, escalate: 1, deny: 2 };

/** `call` is the JSON text of the call; what cannot be read has no subject. */
export function subjectOf(call: string, explanation: Explanation): Subject | null {
  const input = inputOf(call);
  if (input === null) return null;
  const command = commandOf(input, explanation);
  if (command !== null) {
    return { title: "Command", text: command, marks: marksByPlace(command, explanation.reasons) };
  }
  const text = JSON.stringify(input, null, 2);
  return { title: "Input", text, marks: marksByText(text, explanation) };
}

function inputOf(call: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(call);
    if (typeof value !== "object" || value === null || !("toolInput" in value)) return null;
    const input = value.toolInput;
    return typeof input === "object" && input !== null && !Array.isArray(input) ? (input as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

/** The argument that the commands were found in: `command` mostly, another one where `toolMap` says so. */
function commandOf(input: Record<string, unknown>, explanation: Explanation): string | null {
  const texts = Object.entries(input).flatMap(([name, value]) => (typeof value === "string" ? [{ name, value }] : []));
  const nodes = explanation.commands;
  if (nodes === null || nodes.length === 0) {
    const usual = texts.find(({ name }) => name === "command");
    return explanation.access === "execute" && usual !== undefined ? usual.value : null;
  }
  const fits = (text: string): boolean => nodes.every((node) => isAt(text, node));
  return (texts.find(({ name, value }) => name === "command" && fits(value)) ?? texts.find(({ value }) => fits(value)))?.value ?? null;
}

function isAt(text: string, node: CommandNode): boolean {
  return node.end <= text.length && (node.start === node.end || text.slice(node.start, node.end).length > 0);
}

/** The parts of reasons, where they stand in the text. */
export function marksByPlace(text: string, reasons: readonly Reason[]): Mark[] {
  return reasons.flatMap((reason, index) => {
    const part = reason.part;
    if (part === null || part.end <= part.start || part.end > text.length) return [];
    return [{ start: part.start, end: part.end, outcome: reason.outcome, reason: index }];
  });
}

/**
 * In JSON, a text is looked for as JSON writes it. Of a path, the engine names the canonical form; where the call
 * has one path only, that is the one which was meant.
 */
function marksByText(text: string, explanation: Explanation): Mark[] {
  const only = explanation.paths.length === 1 ? explanation.paths[0] : undefined;
  return explanation.reasons.flatMap((reason, index) => {
    const own = reason.part === null ? null : find(text, reason.part.text);
    const place = own ?? (reason.part !== null && only !== undefined ? find(text, only) : null);
    return place === null ? [] : [{ ...place, outcome: reason.outcome, reason: index }];
  });
}

function find(text: string, part: string): { start: number; end: number } | null {
  const wanted = JSON.stringify(part).slice(1, -1);
  const start = wanted === "" ? -1 : text.indexOf(wanted);
  return start === -1 ? null : { start, end: start + wanted.length };
}

export interface Span {
  readonly start: number;
  readonly end: number;
  readonly outcome: Outcome | null;
  readonly chosen: boolean;
}

/** The text cut at every edge of a mark; where marks overlap, the strictest counts. */
export function spans(length: number, marks: readonly Mark[], chosen: { start: number; end: number } | null): Span[] {
  const edges = new Set([0, length]);
  for (const { start, end } of marks) edges.add(start).add(end);
  if (chosen !== null) edges.add(Math.min(chosen.start, length)).add(Math.min(chosen.end, length));
  const sorted = [...edges].sort((a, b) => a - b);
  const all: Span[] = [];
  for (let index = 0; index + 1 < sorted.length; index += 1) {
    const start = sorted[index] ?? 0;
    const end = sorted[index + 1] ?? length;
    let outcome: Outcome | null = null;
    for (const mark of marks) {
      if (mark.start <= start && mark.end >= end && (outcome === null || RANK[mark.outcome] > RANK[outcome])) outcome = mark.outcome;
    }
    all.push({ start, end, outcome, chosen: chosen !== null && chosen.start <= start && chosen.end >= end });
  }
  return all;
}
