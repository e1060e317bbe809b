/** Where every meter with a limit stands: what is used, and what is held until an outcome is reported. */
import type { JSX } from "preact";
import type { Query } from "../../api/query";
import type { Budget } from "../../api/types";
import { MeterBar } from "../../components/Meter";
import { Panel } from "../../components/Panel";
import { Loaded } from "../../components/states";
import { Text } from "../../components/Text";
import { amount, meterName, windowName } from "../../lib/format";

const MOST = 40;

export function AgentBudgets({ query }: { query: Query<{ budgets: Budget[] }> }): JSX.Element {
  return (
    <Panel title="Budgets and rates">
      <Loaded query={query}>
        {(data) =>
          data.budgets.length === 0 ? (
            <p class="muted">The policy sets no limits.</p>
          ) : (
            <div class="budgets" role="group" aria-label="Budgets and rates" tabIndex={0}>
            <ul class="stack">
              {data.budgets.slice(0, MOST).map((budget) => (
                <li key={`${budget.meter}/${budget.key ?? ""}/${budget.sessionId ?? ""}/${budget.runId ?? ""}`}>
                  <Line budget={budget} />
                </li>
              ))}
              {data.budgets.length > MOST && <li class="muted small">and {data.budgets.length - MOST} more</li>}
            </ul>
            </div>
          )
        }
      </Loaded>
    </Panel>
  );
}

function Line({ budget }: { budget: Budget }): JSX.Element {
  const { unit } = budget;
  const name = meterName(budget.meter);
  const held = Number(budget.held);
  return (
    <>
      <p class="budget-name small" title={budget.meter}>
        <span class="cut">
          <Text of={name} most={80} />
          {budget.key !== null && budget.key !== "" && (
            <span class="muted">
              {" "}
              · {budget.by} <Text of={budget.key} most={60} />
            </span>
          )}
        </span>
        {!/ per |this session/.test(name) && <span class="muted xs nowrap">{windowName(budget.window)}</span>}
      </p>
      <MeterBar
        name={name}
        used={Number(budget.used)}
        held={held}
        limit={budget.limit === null ? null : Number(budget.limit)}
        text={
          <>
            <span>
              {amount(budget.used, unit)} used{held > 0 && `, ${amount(budget.held, unit)} held`}
            </span>
            <span>{budget.limit === null ? "no limit" : `of ${amount(budget.limit, unit)}`}</span>
          </>
        }
      />
    </>
  );
}
