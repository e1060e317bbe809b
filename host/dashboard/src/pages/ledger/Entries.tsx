/** A page of entries as a table. */
import type { JSX } from "preact";
import type { Entry } from "../../api/types";
import { Badge, DecisionBadge } from "../../components/Badge";
import { Table } from "../../components/Table";
import { Text } from "../../components/Text";
import { Time } from "../../components/Time";
import { href } from "../../lib/route";
import { fromEntry } from "../live/event";

export function Entries({ entries }: { entries: Entry[] }): JSX.Element {
  const rows = entries.map((entry) => ({ entry, event: fromEntry(entry) }));
  return (
    <Table
      caption="Entries, newest first"
      rows={rows}
      keyOf={({ entry }) => entry.index}
      columns={[
        { name: "Entry", head: true, cell: ({ entry }) => <a href={href({ page: "entry", index: entry.index })}>{entry.index}</a> },
        { name: "Local time", cell: ({ entry }) => <Time at={entry.at} as="today" /> },
        { name: "What", cell: ({ event }) => (event.decision === "" ? <Badge tone="plain">{event.kind}</Badge> : <DecisionBadge decision={event.decision} enforced={event.enforced} />) },
        { name: "Agent", cell: ({ event }) => <Text class="nowrap" of={event.agent} most={64} /> },
        {
          name: "Record",
          wide: true,
          cell: ({ event }) => (
            <>
              {event.tool !== "" && <Text class="mono" of={event.tool} most={60} />}{" "}
              <span class="muted">
                <Text of={event.reason} most={200} />
              </span>
            </>
          ),
        },
      ]}
    />
  );
}
