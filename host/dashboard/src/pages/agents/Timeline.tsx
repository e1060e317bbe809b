/**
 * What is on record about an agent, newest first, a page at a time. What comes is counted and shown when asked for:
 * lines that come by themselves would push what is read away.
 */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { trail } from "../../api/calls";
import { type Query, useQuery } from "../../api/query";
import type { AuditTrail, Entry } from "../../api/types";
import { Badge, DecisionBadge } from "../../components/Badge";
import { Button } from "../../components/Button";
import { Panel } from "../../components/Panel";
import { Empty, Loaded } from "../../components/states";
import { Text } from "../../components/Text";
import { Time } from "../../components/Time";
import { href } from "../../lib/route";
import { fromEntry } from "../live/event";

const PAGE = 30;

const views = [
  { name: "Everything", query: {} },
  { name: "Calls", query: { kind: "verdict" } },
  { name: "Denied", query: { decision: "deny" } },
  { name: "Escalated", query: { decision: "escalate" } },
  { name: "Outcomes", query: { kind: "outcome" } },
] as const;

interface Newest {
  view: number;
  setView: (view: number) => void;
  query: Query<AuditTrail>;
}

/** The newest page of the view that is chosen. The page of the agent waits for the first one. */
export function useNewest(id: string): Newest {
  const [view, setView] = useState(0);
  const query = useQuery(`trail/${id}/${view}`, (signal) => trail(id, { ...views[view]?.query, limit: PAGE }, signal), 5_000);
  return { view, setView, query };
}

export function Timeline({ id, newest }: { id: string; newest: Newest }): JSX.Element {
  const { view, setView, query } = newest;
  const [held, setHeld] = useState<AuditTrail | null>(null);
  const [older, setOlder] = useState<Entry[]>([]);
  const [before, setBefore] = useState<number | null>(null);
  const filter = views[view]?.query ?? {};
  const next = useQuery(before === null ? null : `trail/${id}/${view}/${before}`, (signal) => trail(id, { ...filter, limit: PAGE, before }, signal));
  const hold = (data: AuditTrail | null): void => {
    setHeld(data);
    setOlder([]);
    setBefore(null);
  };
  const looksAt = (position: number): void => {
    setView(position);
    hold(null);
  };
  const { data } = query;
  useEffect(() => {
    // Where there is nothing to be read, nothing is pushed away.
    if (data !== null && (held === null || held.entries.length === 0)) setHeld(data);
  }, [data, held]);
  const newer = newerThan(held, data);

  return (
    <Panel
      title="Timeline"
      class="agent-timeline"
      flush
      aside={
        <>
          <Button kind="quiet" disabled={newer === 0 && before === null} onClick={() => hold(data)}>
            {newer === 0 ? "Newest" : newer >= PAGE ? `${PAGE}+ newer` : `${newer} newer`}
          </Button>
          <label class="field-line">
            <span class="visually-hidden">Show</span>
            <select value={view} onChange={(event) => looksAt(Number(event.currentTarget.value))}>
              {views.map((one, position) => (
                <option key={one.name} value={position}>
                  {one.name}
                </option>
              ))}
            </select>
          </label>
        </>
      }
    >
      <Loaded query={query} rows={8}>
        {(latest) => {
          const first = held ?? latest;
          const all = merged([...first.entries, ...older, ...(next.data?.entries ?? [])]);
          const more = before === null ? first.nextBefore : (next.data?.nextBefore ?? null);
          if (all.length === 0) return <Empty title="Nothing is on record" />;
          return (
            <>
              <ol class="timeline">
                {all.map((entry) => (
                  <Line key={entry.index} entry={entry} />
                ))}
              </ol>
              {more !== null && (
                <p class="timeline-more">
                  <Button
                    busy={next.loading}
                    onClick={() => {
                      setOlder(all);
                      setBefore(more);
                    }}
                  >
                    Older
                  </Button>
                </p>
              )}
            </>
          );
        }}
      </Loaded>
    </Panel>
  );
}

/** How many of the newest are not among what is held; a page of them at most is known. */
function newerThan(held: AuditTrail | null, latest: AuditTrail | null): number {
  const top = held?.entries[0]?.index;
  return top === undefined || latest === null ? 0 : latest.entries.filter((entry) => entry.index > top).length;
}

function merged(entries: Entry[]): Entry[] {
  const byIndex = new Map(entries.map((entry) => [entry.index, entry]));
  return [...byIndex.values()].sort((one, other) => other.index - one.index);
}

function Line({ entry }: { entry: Entry }): JSX.Element {
  const event = fromEntry(entry);
  return (
    <li class="timeline-line">
      <span class="timeline-badge">{event.decision === "" ? <Badge tone="plain">{event.kind}</Badge> : <DecisionBadge decision={event.decision} enforced={event.enforced} />}</span>
      <span class="timeline-what">
        <a href={href({ page: "entry", index: entry.index })} class="mono timeline-tool">
          <Text of={event.tool || `entry ${event.index}`} most={60} />
        </a>{" "}
        <span class="muted">
          <Text of={event.reason} most={200} />
        </span>
      </span>
      <span class="muted small">
        <Time at={entry.at} />
      </span>
    </li>
  );
}
