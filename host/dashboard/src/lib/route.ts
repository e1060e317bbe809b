/**
 * The address of a page, as a value and as the part behind `#`. It knows the shape of addresses and nothing of
 * what they show. What is in an address was written by anybody: names are checked by the daemon, shown as text.
 */
export type Route =
  | { page: "live" }
  | { page: "agents" }
  | { page: "agent"; id: string }
  | { page: "approvals"; tab: "open" | "all" }
  | { page: "approval"; id: string }
  | { page: "policy"; agent: string | null }
  | { page: "ledger"; query: string }
  | { page: "entry"; index: number }
  | { page: "unknown"; path: string };

export const home: Route = { page: "live" };

/** From `location.hash`, `#/agents/buyer`. */
export function parse(hash: string): Route {
  const text = hash.startsWith("#") ? hash.slice(1) : hash;
  const question = text.indexOf("?");
  const path = question < 0 ? text : text.slice(0, question);
  const query = question < 0 ? "" : text.slice(question + 1);
  const [first = "", second = "", ...rest] = path.replace(/^\/+|\/+$/g, "").split("/").map(decoded);
  const unknown: Route = { page: "unknown", path };
  if (rest.length > 0) return unknown;
  switch (first) {
    case "":
    case "live":
      return second === "" ? home : unknown;
    case "agents":
      return second === "" ? { page: "agents" } : { page: "agent", id: second };
    case "approvals":
      if (second !== "") return { page: "approval", id: second };
      return { page: "approvals", tab: new URLSearchParams(query).get("tab") === "all" ? "all" : "open" };
    case "policy":
      return { page: "policy", agent: second === "" ? null : second };
    case "ledger":
      if (second === "") return { page: "ledger", query };
      return /^\d{1,15}$/.test(second) ? { page: "entry", index: Number(second) } : unknown;
    default:
      return unknown;
  }
}

/** To something that a link can have as `href`. */
export function href(route: Route): string {
  switch (route.page) {
    case "live":
    case "agents":
      return `#/${route.page}`;
    case "agent":
      return `#/agents/${encodeURIComponent(route.id)}`;
    case "approvals":
      return route.tab === "all" ? "#/approvals?tab=all" : "#/approvals";
    case "approval":
      return `#/approvals/${encodeURIComponent(route.id)}`;
    case "policy":
      return route.agent === null ? "#/policy" : `#/policy/${encodeURIComponent(route.agent)}`;
    case "ledger":
      return route.query === "" ? "#/ledger" : `#/ledger?${route.query}`;
    case "entry":
      return `#/ledger/${route.index}`;
    case "unknown":
      return `#${route.path}`;
  }
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}
