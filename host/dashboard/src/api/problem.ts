/**
 * Why a request came to nothing, and what a person can do about it. Errors are values: a page has to look at them
 * before it has data.
 */
import type { Diagnostic } from "./types";

export type Kind =
  | "gone" // no answer at all
  | "signed-out" // nobody is known by this cookie
  | "forbidden" // known, and may not
  | "not-found"
  | "conflict"
  | "refused" // the daemon understood, and says no: bad input, a policy with errors
  | "unavailable" // it answers, and cannot work
  | "aborted"; // nobody waits for it any more

export interface Problem {
  kind: Kind;
  /** 0 without an answer. */
  status: number;
  code: string;
  title: string;
  detail: string;
  /** What to do next, a sentence. */
  next: string;
  errors: string[];
  diagnostics: Diagnostic[];
}

export type Answer<T> = { ok: true; value: T } | { ok: false; problem: Problem };

/** From an answer that is no success. The body may be anything. */
export function fromAnswer(status: number, body: unknown): Problem {
  const fields = typeof body === "object" && body !== null ? (body as Record<string, unknown>) : {};
  const text = (name: string, otherwise: string): string => {
    const value = fields[name];
    return typeof value === "string" && value !== "" ? value : otherwise;
  };
  const kind = kindOf(status);
  const code = text("code", `http-${status}`);
  return {
    kind,
    status,
    code,
    title: text("title", titles[kind]),
    detail: text("detail", text("reason", "")),
    next: nextOf(kind, code),
    errors: Array.isArray(fields["errors"]) ? fields["errors"].filter((item) => typeof item === "string") : [],
    diagnostics: Array.isArray(fields["diagnostics"]) ? (fields["diagnostics"] as Diagnostic[]) : [],
  };
}

/** Where there was no answer. */
export function noAnswer(aborted: boolean): Problem {
  const kind: Kind = aborted ? "aborted" : "gone";
  return { kind, status: 0, code: kind, title: titles[kind], detail: "", next: nextOf(kind, kind), errors: [], diagnostics: [] };
}

const titles: Record<Kind, string> = {
  gone: "The daemon does not answer",
  "signed-out": "Not signed in",
  forbidden: "Not permitted",
  "not-found": "There is no such thing",
  conflict: "It cannot be done in this state",
  refused: "Refused",
  unavailable: "The daemon cannot work right now",
  aborted: "Cancelled",
};

function kindOf(status: number): Kind {
  if (status === 401) return "signed-out";
  if (status === 403) return "forbidden";
  if (status === 404) return "not-found";
  if (status === 409) return "conflict";
  if (status === 502) return "gone";
  return status >= 500 ? "unavailable" : "refused";
}

function nextOf(kind: Kind, code: string): string {
  if (code === "csrf" || code === "bad-csrf") return "Sign in again to change anything.";
  switch (kind) {
    case "gone":
      return "What is shown may be old. The page goes on by itself when the daemon is back.";
    case "signed-out":
      return "Sign in again.";
    case "forbidden":
      return "Sign in with a credential that has the role, or ask somebody who has one.";
    case "not-found":
      return "Check the address; it may have been removed, or belong to another agent.";
    case "conflict":
      return "Look at its newest state, then decide again.";
    case "unavailable":
      return "Try again in a moment. Its log says more.";
    case "refused":
      return "Correct what it says, then try again.";
    case "aborted":
      return "";
  }
}
