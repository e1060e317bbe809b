/** Calls that were unusual for the agent, of the newest that were raised. */
import type { JSX } from "preact";
import type { Query } from "../../api/query";
import type { AuditTrail, Entry } from "../../api/types";
import { DecisionBadge } from "../../components/Badge";
import { Panel } from "../../components/Panel";
import { Loaded } from "../../components/states";
import { Text } from "../../components/Text";
import { Time } from "../../components/Time";
import { href } from "../../lib/route";
import { Anomaly } from "./AgentsPage";

/** How many of the newest calls are looked at. */
export const LOOKED_AT = 200;
const MOST = 8;

export function Anomalies({ query }: { query: Query<AuditTrail> }): JSX.Element {
  const score = newestScore(query.data?.entries ?? []);
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

/** The engine tells a score where it acts on it: `…: 8.50 of 10 (signal values).` What stands before may be anybody's text. */
function newestScore(entries: Entry[]): number | null {
  for (const { code, reason } of entries) {
    if ((code !== "anomaly-unusual" && code !== "anomaly-blocked") || typeof reason !== "string") continue;
    const before = reason.slice(0, Math.max(0, reason.lastIndexOf(" of 10 (signal ")));
    const text = before.slice(before.lastIndexOf(" ") + 1);
    const told = /^\d{1,2}(\.\d+)?$/.test(text) ? Number(text) : Number.NaN;
    if (told <= 10) return told;
  }
  return null;
}
