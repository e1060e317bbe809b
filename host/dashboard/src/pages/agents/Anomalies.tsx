/** Calls that were unusual for the agent, of the newest that were raised. */
import type { JSX } from "preact";
import { trail } from "../../api/calls";
import { useQuery } from "../../api/query";
import type { Entry } from "../../api/types";
import { DecisionBadge } from "../../components/Badge";
import { Panel } from "../../components/Panel";
import { Loaded } from "../../components/states";
import { Text } from "../../components/Text";
import { Time } from "../../components/Time";
import { href } from "../../lib/route";
import { Anomaly } from "./AgentsPage";

const LOOKED_AT = 200;
const MOST = 8;

export function Anomalies({ id, score }: { id: string; score: number | null }): JSX.Element {
  const query = useQuery(`anomalies/${id}`, (signal) => trail(id, { kind: "verdict", limit: LOOKED_AT }, signal), 15_000);
  return (
    <Panel
      title="Anomalies"
      aside={
        score !== null && (
          <>
            newest score <Anomaly score={score} />
          </>
        )
      }
    >
      <Loaded query={query}>
        {(data) => {
          const unusual = data.entries.filter(isUnusual);
          if (unusual.length === 0) return <p class="muted">None in the newest {Math.min(data.entries.length, LOOKED_AT)} calls.</p>;
          return (
            <ul class="recent">
              {unusual.slice(0, MOST).map((entry) => (
                <li key={entry.index}>
                  <DecisionBadge decision={String(entry["decision"])} />
                  <a class="cut grow" href={href({ page: "entry", index: entry.index })}>
                    <Text of={String(entry["reason"] ?? "")} most={140} />
                  </a>
                  <span class="muted small">
                    <Time at={entry.at} />
                  </span>
                </li>
              ))}
            </ul>
          );
        }}
      </Loaded>
    </Panel>
  );
}

function isUnusual(entry: Entry): boolean {
  return entry["layer"] === "anomaly" || (typeof entry["code"] === "string" && /^(anomaly-|spend-spike)/.test(entry["code"]));
}
