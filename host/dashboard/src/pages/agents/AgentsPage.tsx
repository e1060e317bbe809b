/** Every agent that the credential is for: what it may be, how it behaves, how much risk its session has used. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { agents, dashboard } from "../../api/calls";
import { useQuery } from "../../api/query";
import { may } from "../../api/session";
import type { Agent } from "../../api/types";
import { ModeBadge, RiskBadge } from "../../components/Badge";
import { Button } from "../../components/Button";
import { MeterBar } from "../../components/Meter";
import { PageHead, useTitle } from "../../components/Panel";
import { Empty, Loaded } from "../../components/states";
import { type Column, Table } from "../../components/Table";
import { Text } from "../../components/Text";
import { Time } from "../../components/Time";
import { count, plural, short } from "../../lib/format";
import { href } from "../../lib/route";
import "./agents.css";

const EVERY_MS = 5_000;
const PAUSE_MS = 200;
/** Scores come with the daemon's sums, which are more work, and follow from its newest entries. */
const SCORES_EVERY_MS = 15_000;
const SCORED_ENTRIES = 100;

const columns: Column<Agent>[] = [
  {
    name: "Agent",
    head: true,
    cell: (agent) => (
      <span class="agent-name">
        <a href={href({ page: "agent", id: agent.agentId })}>
          <Text of={agent.agentId} most={64} />
        </a>
        <span class="muted small">
          <Text of={agent.role ?? "no role"} most={60} />
        </span>
      </span>
    ),
  },
  { name: "Authority", cell: (agent) => <Text of={agent.authority ?? "–"} most={40} /> },
  { name: "Mode", cell: (agent) => <ModeBadge mode={agent.effectiveMode ?? agent.mode} says={agent.mode} /> },
  { name: "Risk", cell: (agent) => <Risk agent={agent} /> },
  { name: "Calls", right: true, cell: (agent) => <Count value={agent.totalCalls} /> },
  { name: "Escalated", right: true, cell: (agent) => <Count value={agent.escalatedCalls} /> },
  { name: "Denied", right: true, cell: (agent) => <Count value={agent.deniedCalls} /> },
  { name: "Anomaly", right: true, cell: (agent) => <Anomaly score={agent.anomalyScore} /> },
  { name: "Last call", cell: (agent) => <Time at={agent.lastCallAt} /> },
];

export default function AgentsPage(): JSX.Element {
  useTitle("Agents");
  const [page, setPage] = useState(1);
  const [part, setPart] = useState("");
  const wanted = useLater(part.trim(), PAUSE_MS);
  useEffect(() => setPage(1), [wanted]);
  const query = useQuery(`agents/${page}/${wanted}`, (signal) => agents(page, wanted, signal), EVERY_MS);
  const sums = useQuery(may("audit") ? "agents/scores" : null, (signal) => dashboard(SCORED_ENTRIES, signal), SCORES_EVERY_MS);
  const scores = new Map(sums.data?.agents.map((agent) => [agent.agentId, agent.anomalyScore ?? null]));
  return (
    <>
      <PageHead title="Agents">
        <label>
          <span class="visually-hidden">Name contains</span>
          <input type="search" placeholder="Name" maxLength={64} value={part} onInput={(event) => setPart(event.currentTarget.value)} spellcheck={false} autocomplete="off" />
        </label>
      </PageHead>
      <Loaded query={query} rows={8}>
        {(data) => {
          const scored = data.agents.map((agent) => ({ ...agent, anomalyScore: scores.get(agent.agentId) ?? null }));
          return (
            <section class="panel agents-list">
              {scored.length === 0 ? (
                <Empty title={wanted === "" ? "No agent is known" : "No agent matches"}>
                  {wanted === "" && (
                    <>
                      Deploy a policy under <a href="#/policy">Policy</a>, or put one into the definitions directory of the daemon.
                    </>
                  )}
                </Empty>
              ) : (
                <Table caption="Agents" columns={columns} rows={scored} keyOf={(agent) => agent.agentId} />
              )}
              {data.pages > 1 && (
                <footer class="pager">
                  <Button icon="left" disabled={page <= 1} onClick={() => setPage(page - 1)} label="Page before" />
                  <span class="num small">
                    Page {data.page} of {data.pages}, {plural(data.total, "agent")}
                  </span>
                  <Button icon="right" disabled={page >= data.pages} onClick={() => setPage(page + 1)} label="Next page" />
                </footer>
              )}
            </section>
          );
        }}
      </Loaded>
    </>
  );
}

/** A value once it has not changed for a moment: not every letter is a question to the daemon. */
function useLater(value: string, pauseMs: number): string {
  const [later, setLater] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setLater(value), pauseMs);
    return () => clearTimeout(timer);
  }, [value, pauseMs]);
  return later;
}

/** Columns have their widths, whatever is in them. */
function Count({ value }: { value: number }): JSX.Element {
  return <span title={count(value)}>{short(value)}</span>;
}

function Risk({ agent }: { agent: Agent }): JSX.Element {
  const { riskUsed, riskMax, status } = agent.riskState;
  if (agent.mode === null) return <span class="muted">denied everything</span>;
  return (
    <span class="agent-risk">
      <span class="agent-risk-bar">
        <MeterBar
          name={`Risk of ${agent.agentId}`}
          used={riskUsed}
          limit={riskMax}
          text={
            <span>
              {count(riskUsed)}
              {riskMax === null ? " points" : ` of ${count(riskMax)}`}
            </span>
          }
        />
      </span>
      <RiskBadge status={status} />
    </span>
  );
}

export function Anomaly({ score }: { score: number | null | undefined }): JSX.Element {
  return score === null || score === undefined ? <span class="muted">–</span> : <span class={score >= 6 ? "strong anomaly-high" : ""}>{score.toFixed(1)}</span>;
}
