/** The last state of the playground in this browser, and nowhere else. Storage that is off is no error. */
import { fromStored, toStored, type Shared } from "./share";

const KEY = "sentinel.playground";

export function load(): Shared | null {
  try {
    const text = localStorage.getItem(KEY);
    return text === null ? null : fromStored(text);
  } catch {
    return null;
  }
}

/** Whether it was kept. */
export function keep(shared: Shared): boolean {
  try {
    localStorage.setItem(KEY, toStored(shared));
    return true;
  } catch {
    return false;
  }
}

export function forget(): void {
  try {
    localStorage.removeItem(KEY);
  } catch {
    // There is nothing to forget.
  }
}
