/** The address bar as a signal. Links are plain `<a href="#/…">`; nothing intercepts clicks. */
import { signal } from "@preact/signals";
import { href, parse, type Route } from "./route";

export const route = signal<Route>(parse(location.hash));

addEventListener("hashchange", () => {
  route.value = parse(location.hash);
});

/** Goes to a page as if a link had been followed. */
export function go(to: Route): void {
  location.hash = href(to);
}

/** Changes the address of the page that is open, without an entry in the history: filters, tabs. */
export function rewrite(to: Route): void {
  history.replaceState(null, "", href(to));
  route.value = to;
}
