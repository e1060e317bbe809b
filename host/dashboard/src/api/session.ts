/** Who looks at the page: signed in by a cookie that scripts cannot read, and what that credential may do. */
import { computed, signal } from "@preact/signals";
import { daemon, request, setCsrf, signedOut } from "./client";
import type { Answer } from "./problem";
import type { Role, SignedIn } from "./types";

export type Session = { state: "unknown" } | { state: "out"; lost: boolean } | { state: "in"; who: SignedIn };

export const session = signal<Session>({ state: "unknown" });

export const who = computed(() => (session.value.state === "in" ? session.value.who : null));

/** Whether the credential has the role; `admin` has all. The daemon checks again: this only saves a disappointment. */
export function may(role: Role): boolean {
  const roles = who.value?.roles ?? [];
  return roles.includes(role) || roles.includes("admin");
}

/** Asks who the cookie belongs to. */
export async function resume(): Promise<void> {
  const answer = await request<unknown>("/v1/login");
  if (answer.ok) enter(answer.value);
  else if (answer.problem.kind !== "gone") leave(false);
  else setTimeout(() => void resume(), 2_000);
}

export async function signIn(token: string): Promise<Answer<unknown>> {
  const answer = await request<unknown>("/v1/login", { method: "POST", body: { token } });
  if (answer.ok) enter(answer.value);
  return answer;
}

export async function signOut(): Promise<void> {
  await request("/v1/login", { method: "DELETE" });
  leave(false);
}

function enter(value: unknown): void {
  const known = signedIn(value);
  setCsrf(known.csrf);
  daemon.value = "up";
  session.value = { state: "in", who: known };
}

function leave(lost: boolean): void {
  setCsrf(null);
  session.value = { state: "out", lost };
}

signedOut.listener = () => {
  if (session.value.state === "in") leave(true);
};

const ROLES: readonly Role[] = ["evaluate", "approve", "audit", "admin"];

/** Without authentication, everybody may do everything. */
function signedIn(value: unknown): SignedIn {
  const fields = typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
  const text = (name: string): string | null => (typeof fields[name] === "string" ? fields[name] : null);
  const open = fields["authentication"] === "disabled";
  const roles = Array.isArray(fields["roles"]) ? ROLES.filter((role) => (fields["roles"] as unknown[]).includes(role)) : [];
  const agents = Array.isArray(fields["agents"]) ? fields["agents"].filter((name) => typeof name === "string") : [text("agents") ?? "*"];
  return {
    ...(open ? { authentication: "disabled" as const } : {}),
    subject: text("subject") ?? (open ? "anybody" : ""),
    roles: open ? ["admin"] : roles,
    agents: open ? ["*"] : agents,
    expiresAt: text("expiresAt"),
    csrf: text("csrf"),
  };
}
