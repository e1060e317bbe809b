/**
 * Data of a page: asked when it is shown, again at intervals and when the daemon is back, aborted when it is left.
 * What was shown stays while newer data is on its way or the daemon is gone.
 */
import { useEffect, useRef, useState } from "preact/hooks";
import { returns } from "./client";
import type { Answer, Problem } from "./problem";

export interface Query<T> {
  data: T | null;
  problem: Problem | null;
  loading: boolean;
  refresh: () => void;
  /** Takes over what another request answered, such as that of a button. */
  set: (data: T) => void;
}

/** Waits this long for what stands above before showing what is there. */
const PATIENCE_MS = 2_000;

/**
 * Whether all of these were answered, once: from then on what they show is on the page, and what follows it may be
 * shown without being pushed down. `after` says that what stands above is shown.
 */
export function useSettled(queries: Pick<Query<unknown>, "data" | "problem">[], after = true): boolean {
  const [shown, setShown] = useState(false);
  const settled = after && queries.every((query) => query.data !== null || query.problem !== null);
  useEffect(() => {
    if (shown || !after) return undefined;
    if (settled) setShown(true);
    // One slow answer must not keep all others away.
    const timer = setTimeout(() => setShown(true), PATIENCE_MS);
    return () => clearTimeout(timer);
  }, [shown, after, settled]);
  return shown || settled;
}

/** `key` names what is asked for; null asks for nothing. Another key begins anew, without the old data. */
export function useQuery<T>(
  key: string | null,
  ask: (signal: AbortSignal) => Promise<Answer<T>>,
  everyMs = 0,
): Query<T> {
  const [state, setState] = useState<{ key: string | null; data: T | null; problem: Problem | null; loading: boolean }>({
    key,
    data: null,
    problem: null,
    loading: key !== null,
  });
  const [turn, setTurn] = useState(0);
  const latest = useRef(ask);
  latest.current = ask;
  const back = returns.value;

  useEffect(() => {
    if (key === null) return undefined;
    const ended = new AbortController();
    let timer = 0;
    let asked = false;
    const run = async (): Promise<void> => {
      // Nobody looks: what is there stays, and the first look asks again.
      if (asked && document.hidden && everyMs > 0) {
        timer = window.setTimeout(() => void run(), everyMs);
        return;
      }
      asked = true;
      const answer = await latest.current(ended.signal);
      if (ended.signal.aborted) return;
      setState((before) => ({
        key,
        data: answer.ok ? answer.value : before.key === key ? before.data : null,
        problem: answer.ok ? null : answer.problem,
        loading: false,
      }));
      if (everyMs > 0) timer = window.setTimeout(() => void run(), everyMs);
    };
    setState((before) => (before.key === key ? { ...before, loading: true } : { key, data: null, problem: null, loading: true }));
    void run();
    return () => {
      ended.abort();
      clearTimeout(timer);
    };
  }, [key, everyMs, turn, back]);

  const current = state.key === key;
  return {
    data: current ? state.data : null,
    problem: current ? state.problem : null,
    loading: current ? state.loading : key !== null,
    refresh: () => setTurn((value) => value + 1),
    set: (data) => setState({ key, data, problem: null, loading: false }),
  };
}
