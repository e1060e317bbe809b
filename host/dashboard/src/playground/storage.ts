/**
 * The last state of the playground in this browser, and what was there before a link or an example took its place.
 * Nowhere else. Storage that is off is no error.
 */
import { fromStored, toStored, type Shared } from "./share";

const LAST = "sentinel.playground";
const EARLIER = "sentinel.playground.before";

export const load = (): Shared | null => read(LAST);
export const loadEarlier = (): Shared | null => read(EARLIER);

/** Whether it was kept. */
export const keep = (shared: Shared): boolean => write(LAST, shared);
export const keepEarlier = (shared: Shared): boolean => write(EARLIER, shared);

export const forgetLast = (): void => remove(LAST);

export function forget(): void {
  remove(LAST);
  remove(EARLIER);
}

function remove(key: string): void {
  try {
    localStorage.removeItem(key);
  } catch {
    // There is nothing to forget.
  }
}

function read(key: string): Shared | null {
  try {
    const text = localStorage.getItem(key);
    return text === null ? null : fromStored(text);
  } catch {
    return null;
  }
}

function write(key: string, shared: Shared): boolean {
  try {
    localStorage.setItem(key, toStored(shared));
    return true;
  } catch {
    return false;
  }
}
