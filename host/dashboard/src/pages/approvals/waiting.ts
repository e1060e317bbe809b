/**
 * What waits for a person, asked by whatever page is open: for the badge, the title, the sound, and the inbox, which
 * shows the same list and not one that it asked for itself.
 */
import { signal } from "@preact/signals";
import { useEffect, useRef } from "preact/hooks";
import { approvals } from "../../api/calls";
import { type Query, useQuery } from "../../api/query";
import type { Approval } from "../../api/types";
import { plural } from "../../lib/format";
import { badge } from "../../lib/title";
import { whileUnseen } from "../../lib/unseen";
import { chime } from "./sound";

const EVERY_MS = 3_000;
const MOST = 200;

export type Inbox = Query<{ approvals: Approval[] }>;
/** Null until the frame of the page asks. */
export const inbox = signal<Inbox | null>(null);

/** What is read aloud, politely, when something new waits. */
export const news = signal("");

/** Ids that were seen. Null before the first answer: what waited already is no news. */
let seen: Set<string> | null = null;

export function useWaiting(asked: boolean): void {
  const query = useQuery(asked ? "waiting" : null, (aborted) => approvals({ status: "open", limit: MOST }, aborted), EVERY_MS);
  const { data, problem, loading } = query;
  const refresh = useRef(query.refresh);
  refresh.current = query.refresh;
  // Who has the page in the background waits for its title to change, or for the sound.
  useEffect(() => (asked ? whileUnseen(() => refresh.current()) : undefined), [asked]);
  useEffect(() => {
    inbox.value = asked ? query : null;
  }, [asked, data, problem, loading]);
  useEffect(() => {
    if (data === null) return;
    const pending = data.approvals.filter((one) => one.status === "pending").map((one) => one.id);
    badge.value = pending.length;
    const fresh = seen === null ? 0 : pending.filter((id) => !seen?.has(id)).length;
    if (fresh > 0) {
      chime();
      news.value = `${plural(fresh, "new question", "new questions")} for a person, ${pending.length} waiting.`;
    }
    seen = new Set(pending);
  }, [data]);
}
