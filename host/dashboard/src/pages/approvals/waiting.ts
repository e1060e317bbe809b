/** How many questions wait, on every page: asked now and then, and whenever something happens that may change it. */
import { useEffect } from "preact/hooks";
import { approvals } from "../../api/calls";
import { useQuery } from "../../api/query";
import { badge } from "../../lib/title";

const EVERY_MS = 5_000;

export function useWaiting(asked: boolean): void {
  const query = useQuery(asked ? "waiting" : null, (signal) => approvals({ status: "open" }, signal), EVERY_MS);
  const count = (query.data?.approvals ?? []).filter((one) => one.status === "pending").length;
  useEffect(() => {
    badge.value = count;
  }, [count]);
}
