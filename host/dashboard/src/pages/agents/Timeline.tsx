/** What is on record about an agent, newest first, a page at a time. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { trail } from "../../api/calls";
import { useQuery } from "../../api/query";
import type { Entry } from "../../api/types";
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

export function Timeline({ id }: { id: string }): JSX.Element {
  const [view, setView] = useState(0);
  const [older, setOlder] = useState<Entry[]>([]);
  const [before, setBefore] = useState<number | null>(null);
  const filter = views[view]?.query ?? {};
  const newest = useQuery(`trail/${id}/${view}`, (signal) => trail(id, { ...filter, limit: PAGE }, signal), 5_000);
  const next = useQuery(before === null ? null : `trail/${id}/${view}/${before}`, (signal) => trail(id, { ...filter, limit: PAGE, before }, signal));
  useEffect(() => {
    setOlder([]);
    setBefore(null);
  }, [view]);

  return (
    <Panel
      title="Timeline"
      flush
      aside={
        <label class="field-line">
          <span class="visually-hidden">Show</span>
          <select value={view} onChange={(event) => setView(Number(event.currentTarget.value))}>
            {views.map((one, position) => (
              <option key={one.name} value={position}>
                {one.name}
              </option>
            ))}
          </select>
        </label>
      }
    >
      <Loaded query={newest} rows={8}>
        {(data) => {
          // Newer entries come at the top while older pages are open below: each is shown once.
          const all = merged([...data.entries, ...older, ...(next.data?.entries ?? [])]);
          const more = before === null ? data.nextBefore : (next.data?.nextBefore ?? null);
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
