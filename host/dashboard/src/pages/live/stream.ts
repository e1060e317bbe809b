/**
 * The stream of events, by the cookie of the page. The browser comes back by itself after a broken connection, with
 * the id of the last event; where the daemon refused, this does, later and later.
 */
import { request } from "../../api/client";
import { dropped, fromMessage, type LiveEvent, OTHER_KINDS } from "./event";

export type StreamState = "connecting" | "open" | "waiting";

interface Listener {
  event: (event: LiveEvent) => void;
  state: (state: StreamState) => void;
}

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 30_000;

/** Follows from the entry after `last`, or from what comes next. Ends when the answer is called. */
export function follow(last: number | null, listener: Listener): () => void {
  let newest = last;
  let source: EventSource | null = null;
  let timer = 0;
  let pause = FIRST_PAUSE_MS;

  const take = (kind: string, message: Event): void => {
    if (!(message instanceof MessageEvent)) return;
    const index = Number(message.lastEventId);
    if (!Number.isSafeInteger(index)) return;
    // After a broken connection the same entry may come twice.
    if (kind !== "dropped" && newest !== null && index <= newest) return;
    if (kind === "dropped") {
      const count = countOf(message.data);
      listener.event(dropped(newest === null ? index : newest + 1 + count, count));
    } else {
      newest = index;
      const event = fromMessage(index, kind, String(message.data));
      if (event !== null) listener.event(event);
    }
  };

  const open = (): void => {
    listener.state("connecting");
    source = new EventSource(newest === null ? "/v1/events/stream" : `/v1/events/stream?lastEventId=${newest}`);
    source.addEventListener("open", () => {
      pause = FIRST_PAUSE_MS;
      listener.state("open");
    });
    source.addEventListener("message", (message) => take("verdict", message));
    for (const kind of [...OTHER_KINDS, "dropped"]) source.addEventListener(kind, (message) => take(kind, message));
    source.addEventListener("error", () => {
      listener.state("waiting");
      // Tells the rest of the page whether the daemon is there and the credential is good.
      void request("/v1/login");
      if (source?.readyState !== EventSource.CLOSED) return;
      clearTimeout(timer);
      timer = window.setTimeout(open, pause);
      pause = Math.min(pause * 2, LONGEST_PAUSE_MS);
    });
  };

  open();
  return () => {
    clearTimeout(timer);
    source?.close();
  };
}

function countOf(data: unknown): number {
  try {
    const fields: unknown = JSON.parse(String(data));
    const count = typeof fields === "object" && fields !== null ? (fields as Record<string, unknown>)["count"] : null;
    return typeof count === "number" ? count : 0;
  } catch {
    return 0;
  }
}
