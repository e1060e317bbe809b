/**
 * Who looks at the page: signed in by a cookie that scripts cannot read, and what that credential may do. Where the
 * secret of the login is not in this browser, one can look and not change anything.
 */
import { computed, signal } from "@preact/signals";
import { daemon, request, signedOut } from "./client";
import type { Answer, Problem } from "./problem";
import { forgetSecret, hasSecret, keepSecret, onOtherTab, secret } from "./secret";
import type { Role, SignedIn } from "./types";

export type Session = { state: "unknown" } | { state: "out"; lost: boolean } | { state: "in"; who: SignedIn };

export const session = signal<Session>({ state: "unknown" });

export const who = computed(() => (session.value.state === "in" ? session.value.who : null));

/** Whether the credential has the role; `admin` has all. The daemon checks again: this only saves a disappointment. */
export function may(role: Role): boolean {
  const roles = who.value?.roles ?? [];
  return roles.includes(role) || roles.includes("admin");
}

/** Signed in, without what changes need: until somebody signs in again. */
export const onlyLooks = computed(() => who.value !== null && who.value.authentication !== "disabled" && !hasSecret.value);

/** Whether the credential has the role, here and now, for something that changes anything. */
export function mayChange(role: Role): boolean {
  return may(role) && !onlyLooks.value;
}

/** Why it is not known yet who the cookie belongs to; null where nothing stands against asking. */
export const waitsFor = signal<Problem | null>(null);

/**
 * Asks who the cookie belongs to, until there is an answer. A daemon that starts, and a proxy in front of one that does, say
 * nothing about the login: only a daemon that does not know it ends it, and takes its secret.
 */
export async function resume(): Promise<void> {
  const answer = await request<unknown>("/v1/login");
  if (answer.ok) enter(answer.value);
  else if (answer.problem.kind === "signed-out") leave(false);
  else if (mayPass(answer.problem)) {
    waitsFor.value = answer.problem;
    setTimeout(() => void resume(), 2_000);
  } else askAgain();
}

/** By itself, that is. 408 and 429 are about this request, not about the login. */
function mayPass({ kind, status }: Problem): boolean {
  return kind === "gone" || kind === "unavailable" || status === 408 || status === 429;
}

export async function signIn(token: string): Promise<Answer<unknown>> {
  const answer = await request<unknown>("/v1/login", { method: "POST", body: { token } });
  if (answer.ok) {
    const told = fieldsOf(answer.value)["csrf"];
    if (typeof told === "string" && told !== "") keepSecret(told);
    else forgetSecret(secret());
    enter(answer.value);
  }
  return answer;
}

/** The cookie goes with the answer; where there is none, or a refusal, it is still there. It needs no secret: it harms nobody. */
export async function signOut(): Promise<Answer<unknown>> {
  const answer = await request("/v1/login", { method: "DELETE" });
  if (answer.ok || answer.problem.kind === "signed-out") leave(false);
  return answer;
}

/** Shows the form. Ending the login would take the secret; signing in puts another cookie in its place. */
export function askAgain(): void {
  session.value = { state: "out", lost: false };
}

function enter(value: unknown): void {
  daemon.value = "up";
  waitsFor.value = null;
  session.value = { state: "in", who: signedIn(value) };
}

function leave(lost: boolean): void {
  forgetSecret(secret());
  session.value = { state: "out", lost };
}

/** Another tab signed in or out, as somebody else perhaps. */
async function lookAgain(): Promise<void> {
  const answer = await request<unknown>("/v1/login");
  if (answer.ok) enter(answer.value);
  else if (answer.problem.kind === "signed-out" && session.value.state === "in") leave(true);
}

signedOut.listener = (had) => {
  if (session.value.state !== "in") return;
  const has = secret();
  if (has !== null && has !== had) void lookAgain();
  else leave(true);
};

onOtherTab(() => {
  if (hasSecret.value || session.value.state === "in") void lookAgain();
});

const ROLES: readonly Role[] = ["evaluate", "approve", "audit", "admin"];

/** Without authentication, everybody may do everything. */
function signedIn(value: unknown): SignedIn {
  const fields = fieldsOf(value);
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
  };
}

function fieldsOf(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : {};
}
