/** Light, dark, or as the system has it. `public/theme.js` applies the stored choice before the first paint. */
import { signal } from "@preact/signals";

export type Theme = "system" | "light" | "dark";
const KEY = "sentinel.theme";

export const theme = signal<Theme>(stored());

export function choose(next: Theme): void {
  theme.value = next;
  if (next === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = next;
  try {
    if (next === "system") localStorage.removeItem(KEY);
    else localStorage.setItem(KEY, next);
  } catch {
    // Storage is off: the choice lasts as long as the page.
  }
}

function stored(): Theme {
  const chosen = document.documentElement.dataset["theme"];
  return chosen === "light" || chosen === "dark" ? chosen : "system";
}

/** Grows when colours change, by choice or by the system: charts draw again. */
export const repaints = signal(0);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => {
  repaints.value += 1;
});
theme.subscribe(() => {
  repaints.value = repaints.peek() + 1;
});

/** A colour token as a canvas can use it. */
export function colour(token: string): string {
  const probe = document.createElement("span");
  probe.style.color = `var(${token})`;
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}
