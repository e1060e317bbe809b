/** What executed calls add up to, by tool, and what was at stake in those that were held back. */
import type { JSX } from "preact";
import type { Query } from "../../api/query";
import type { Statistics } from "../../api/types";
import { Panel } from "../../components/Panel";
import { Loaded } from "../../components/states";
import { Table } from "../../components/Table";
import { Text } from "../../components/Text";
import { count, millis, plainUsd, plural, usd } from "../../lib/format";

const MOST = 12;

export function AgentStatistics({ query }: { query: Query<Statistics> }): JSX.Element {
  return (
    <Panel title="What was executed" flush>
      <Loaded query={query}>
        {(data) => (
          <>
            <p class="stat-line small">
              {plural(data.total.count, "call")}, {count(data.total.errors)} failed, {usd(plainUsd(data.total.costUsd))} spent.{" "}
              <span class="strong">{usd(plainUsd(data.protected.valueUsd))} protected</span> in {plural(data.protected.calls, "call")}.
            </p>
            {data.tools.length === 0 ? (
              <p class="stat-line muted small">Nothing was reported as executed yet. Counts come from POST /v1/audit.</p>
            ) : (
              <Table
                caption="Executed calls by tool"
                rows={data.tools.slice(0, MOST)}
                keyOf={(tool) => tool.toolName}
                columns={[
                  { name: "Tool", head: true, wide: true, cell: (tool) => <Text class="mono" of={tool.toolName} most={60} /> },
                  { name: "Calls", right: true, cell: (tool) => count(tool.count) },
                  { name: "Failed", right: true, cell: (tool) => count(tool.errors) },
                  { name: "Cost", right: true, cell: (tool) => usd(plainUsd(tool.costUsd)) },
                  { name: "Each", right: true, cell: (tool) => millis(tool.count === 0 ? 0 : tool.durationMs / tool.count) },
                ]}
              />
            )}
          </>
        )}
      </Loaded>
    </Panel>
  );
}
