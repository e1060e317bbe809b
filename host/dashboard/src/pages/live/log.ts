/**
 * What has happened, as Live shows it: bounded, filtered, and held still while somebody reads. It knows no page and
 * no stream. Nothing is filtered away for good: another filter finds what was hidden, also while it is held.
 */
import { Ring } from "../../lib/ring";
import type { LiveEvent } from "./event";

export interface Filter {
  agent: string;
  tool: string;
  /** A decision, `other` for what is no verdict, or empty. */
  decision: string;
  layer: string;
}

export const everything: Filter = { agent: "", tool: "", decision: "", layer: "" };

export function matches(filter: Filter, event: LiveEvent): boolean {
  if (event.kind === "dropped") return true;
  if (filter.decision === "other" ? event.kind === "verdict" : filter.decision !== "" && event.decision !== filter.decision) {
    return false;
  }
  if (filter.layer !== "" && event.layer !== filter.layer) return false;
  return contains(event.agent, filter.agent) && contains(event.tool, filter.tool);
}

function contains(text: string, part: string): boolean {
  return part === "" || text.toLowerCase().includes(part.toLowerCase());
}

export class EventLog {
  readonly #all: Ring<LiveEvent>;
  #shown: Ring<LiveEvent>;
  #held: { events: LiveEvent[]; pushed: number } | null = null;
  #filter: Filter = everything;
  #waiting = 0;

  constructor(capacity: number) {
    this.#all = new Ring(capacity);
    this.#shown = new Ring(capacity);
  }

  get length(): number {
    return this.#shown.length;
  }

  /** How many are kept, whatever the filter. */
  get kept(): number {
    return this.#held?.events.length ?? this.#all.length;
  }

  get pushed(): number {
    return this.#all.pushed;
  }

  get held(): boolean {
    return this.#held !== null;
  }

  /** How many that match came while it was held. */
  get waiting(): number {
    return this.#waiting;
  }

  get filter(): Filter {
    return this.#filter;
  }

  push(event: LiveEvent): void {
    this.#all.push(event);
    if (!matches(this.#filter, event)) return;
    if (this.#held === null) this.#shown.push(event);
    else this.#waiting += 1;
  }

  /** The newest is 0. */
  newest(position: number): LiveEvent | undefined {
    return this.#shown.newest(position);
  }

  hold(): void {
    this.#held ??= { events: this.#all.snapshot(), pushed: this.#all.pushed };
  }

  release(): void {
    if (this.#held === null) return;
    this.#held = null;
    this.#waiting = 0;
    this.#rebuild();
  }

  setFilter(filter: Filter): void {
    this.#filter = filter;
    this.#rebuild();
    if (this.#held === null) return;
    this.#waiting = 0;
    const since = Math.min(this.#all.pushed - this.#held.pushed, this.#all.length);
    for (let position = 0; position < since; position += 1) {
      const event = this.#all.newest(position);
      if (event !== undefined && matches(filter, event)) this.#waiting += 1;
    }
  }

  #rebuild(): void {
    this.#shown = new Ring(this.#all.capacity);
    for (const event of this.#held?.events ?? this.#all.snapshot()) {
      if (matches(this.#filter, event)) this.#shown.push(event);
    }
  }
}
