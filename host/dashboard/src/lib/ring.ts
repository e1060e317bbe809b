/**
 * The newest so many things, in a bounded amount of memory. Pushing costs the same whether it is full or not.
 * It knows nothing of events or of the page.
 */
export class Ring<T> {
  readonly capacity: number;
  #items: T[] = [];
  #next = 0;
  #pushed = 0;

  constructor(capacity: number) {
    this.capacity = capacity;
  }

  get length(): number {
    return this.#items.length;
  }

  /** How many were ever pushed, those that fell out included. */
  get pushed(): number {
    return this.#pushed;
  }

  push(item: T): void {
    if (this.#items.length < this.capacity) this.#items.push(item);
    else this.#items[this.#next] = item;
    this.#next = (this.#next + 1) % this.capacity;
    this.#pushed += 1;
  }

  /** The newest is 0. */
  newest(position: number): T | undefined {
    if (position < 0 || position >= this.#items.length) return undefined;
    const at = (this.#next - 1 - position + 2 * this.capacity) % this.capacity;
    return this.#items[at];
  }

  clear(): void {
    this.#items = [];
    this.#next = 0;
  }

  /** Oldest first: a copy that nothing pushes out of. */
  snapshot(): T[] {
    const all: T[] = [];
    for (let position = this.#items.length - 1; position >= 0; position -= 1) {
      const item = this.newest(position);
      if (item !== undefined) all.push(item);
    }
    return all;
  }
}
