/** One agent: what it may, what it has used up, what it did, and the policy that says so. */
import type { JSX } from "preact";
import { agents as askAgents, budgets as askBudgets, policy as askPolicy, risk as askRisk, statistics as askStatistics, trail } from "../../api/calls";
import { type Query, useQuery, useSettled } from "../../api/query";
import type { Json, PolicyDocument } from "../../api/types";
import { ModeBadge } from "../../components/Badge";
import { Icon } from "../../components/icons";
import { Facts, PageHead, Panel, useTitle } from "../../components/Panel";
import { Empty, ErrorBox, Loaded, Loading } from "../../components/states";
import { Text } from "../../components/Text";
import { Time } from "../../components/Time";
import { PolicyText } from "../../editor/PolicyText";
import { href, type Route } from "../../lib/route";
import { AgentBudgets } from "./AgentBudgets";
import { AgentRisk } from "./AgentRisk";
import { AgentStatistics } from "./AgentStatistics";
import { Anomalies, LOOKED_AT } from "./Anomalies";
import { Timeline, useNewest } from "./Timeline";
import "./agents.css";

const EVERY_MS = 5_000;

export default function AgentPage({ route }: { route: Route }): JSX.Element | null {
  return route.page === "agent" ? <Agent id={route.id} /> : null;
}

function Agent({ id }: { id: string }): JSX.Element {
  useTitle(id.slice(0, 64));
  const policy = useQuery(`policy/${id}`, (signal) => askPolicy(id, signal), 30_000);
  // Only the list says which mode holds.
  const listed = useQuery(`listed/${id}`, (signal) => askAgents(1, id, signal), 30_000);
  const risk = useQuery(`risk/${id}`, (signal) => askRisk(id, signal), EVERY_MS);
  // By the agent's own addresses: the list of all agents has pages, and no order that says on which one it is.
  const calls = useQuery(`calls/${id}`, (signal) => trail(id, { kind: "verdict", limit: LOOKED_AT }, signal), 15_000);
  const budgets = useQuery(`budgets/${id}`, (signal) => askBudgets(id, signal), EVERY_MS);
  const statistics = useQuery(`stats/${id}`, (signal) => askStatistics(id, signal), 10_000);
  const newest = useNewest(id);
  // From top to bottom: nothing that is shown is pushed down by what comes later.
  const top = useSettled([policy, listed, risk, budgets, calls]);
  const all = useSettled([statistics, newest.query], top);
  const described = policy.data?.description ?? null;
  const mode = textOf(described, "mode");
  const holds = listed.data?.agents.find((one) => one.agentId === id)?.effectiveMode ?? mode;
  if (policy.problem?.kind === "forbidden" && risk.problem?.kind === "forbidden") {
    return (
      <>
        <PageHead title={<Text of={id} most={64} />} />
        <ErrorBox problem={risk.problem} />
      </>
    );
  }
  return (
    <>
      <PageHead
        title={<Text of={id} most={64} />}
        back={
          <a href="#/agents">
            <Icon name="left" size={13} /> Agents
          </a>
        }
      >
        {top && policy.data !== null && <ModeBadge mode={holds} says={mode} />}
        {top && policy.data !== null && <span class="muted small">version {policy.data.version.slice(0, 40)}</span>}
      </PageHead>
      {top && (
        <>
          {textOf(described, "description") !== null && (
            <p class="muted agent-about">
              <Text of={textOf(described, "description") ?? ""} most={600} />
            </p>
          )}
          <div class="agent-top">
            <div class="stack">
              <AgentRisk id={id} risk={risk} policy={policy.data} />
              <Anomalies query={calls} />
            </div>
            <AgentBudgets query={budgets} />
          </div>
        </>
      )}
      {all ? (
        <>
          <div class="agent-middle">
            <Timeline id={id} newest={newest} />
            <div class="stack agent-side">
              <About policy={policy} lastCallAt={calls.data?.entries[0]?.at ?? null} />
              <AgentStatistics query={statistics} />
            </div>
          </div>
          <Panel title="Policy" aside={<a href={href({ page: "policy", agent: id })}>Edit, history, what a change would change</a>}>
            {policy.problem?.kind === "not-found" ? (
              <Empty title="No policy governs this agent">It is denied everything until one is deployed.</Empty>
            ) : (
              <Loaded query={policy}>{(data) => <PolicyText text={data.document} format={data.format} />}</Loaded>
            )}
          </Panel>
        </>
      ) : (
        // Another one in each place: it does not move, it goes.
        <Loading key={top ? "rest" : "all"} rows={8} />
      )}
    </>
  );
}

function textOf(described: { [key: string]: Json } | null, name: string): string | null {
  const value = described?.[name];
  return typeof value === "string" && value !== "" ? value : null;
}

function listOf(described: { [key: string]: Json } | null, name: string): string | null {
  const value = described?.[name];
  return Array.isArray(value) && value.length > 0 ? value.filter((item) => typeof item === "string").join(", ") : null;
}

function About({ policy, lastCallAt }: { policy: Query<PolicyDocument>; lastCallAt: string | null }): JSX.Element {
  return (
    <Panel title="Identity">
      {policy.problem?.kind === "not-found" ? (
        <p class="muted">No policy says what it is.</p>
      ) : (
        <Loaded query={policy}>
          {(data) => {
            const text = (value: string | null): JSX.Element => (value === null ? <span class="muted">–</span> : <Text of={value} most={200} />);
            return (
              <Facts
                rows={[
                  ["Role", text(textOf(data.description, "role"))],
                  ["Authority", text(textOf(data.description, "authority"))],
                  ["Environments", text(listOf(data.description, "environments"))],
                  ["Data", text(textOf(data.description, "dataClassification"))],
                  ["Complies with", text(listOf(data.description, "complianceFrameworks"))],
                  ["Policy", text(`version ${data.version}, revision ${data.revision}`)],
                  ["Deployed", <Deployed key="by" policy={data} />],
                  ["Last call", <Time key="last" at={lastCallAt} />],
                ]}
              />
            );
          }}
        </Loaded>
      )}
    </Panel>
  );
}

function Deployed({ policy }: { policy: PolicyDocument }): JSX.Element {
  return (
    <>
      <Time at={policy.deployedAt} /> by <Text of={policy.deployedBy} most={80} />
    </>
  );
}
