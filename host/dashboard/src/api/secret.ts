/**
 * The secret that a login's changes carry in `X-Sentinel-CSRF`. The daemon tells it once, when somebody signs in; it
 * is kept in this browser's storage, for that belongs to one origin, port included, and cookies do not: a server on
 * another port that is sent the cookie still cannot change anything with it. It is no credential without the cookie.
 */
import { computed, signal } from "@preact/signals";

const NAME = "sentinel.login.secret";

/** Where storage is off: it lasts as long as the page. */
let unstored: string | null = null;
const kept = signal(read());

/** Whether this browser can change anything with the login that it has. */
export const hasSecret = computed(() => kept.value !== null);

/** Read anew each time: another tab may have signed in or out. */
export function secret(): string | null {
  kept.value = read();
  return kept.value;
}

export function keepSecret(value: string): void {
  unstored = null;
  try {
    localStorage.setItem(NAME, value);
  } catch {
    unstored = value;
  }
  kept.value = value;
}

/** Forgets it, if it is still the one that is meant. */
export function forgetSecret(meant: string | null): void {
  if (secret() !== meant) return;
  unstored = null;
  try {
    localStorage.removeItem(NAME);
  } catch {
    // There is none.
  }
  kept.value = null;
}

/** Calls when another tab kept or forgot one. */
export function onOtherTab(changed: () => void): void {
  window.addEventListener("storage", (event) => {
    // Without a name, all was cleared.
    if (event.key !== null && event.key !== NAME) return;
    secret();
    changed();
  });
}

function read(): string | null {
  if (unstored !== null) return unstored;
  try {
    return localStorage.getItem(NAME);
  } catch {
    return null;
  }
}
