/** Questions as a list to choose from: who, what, how long. */
import type { JSX } from "preact";
import type { Approval } from "../../api/types";
import { StatusBadge } from "../../components/Badge";
import { Text } from "../../components/Text";
import { Countdown, Time } from "../../components/Time";
import { plainUsd, usd } from "../../lib/format";
import { href } from "../../lib/route";

export function QuestionList({ questions, chosen }: { questions: Approval[]; chosen: string | null }): JSX.Element {
  return (
    <ul class="questions">
      {questions.map((one) => (
        <li key={one.id}>
          <a class="question-link" href={href({ page: "approval", id: one.id })} aria-current={one.id === chosen ? "true" : undefined}>
            <span class="question-what">
              <span class="mono strong cut">
                <Text of={one.toolName} most={60} />
              </span>
              <span class="small nowrap">
                {one.status === "pending" ? (
                  <>
                    <Countdown until={one.expiresAt} over="over" />
                    <span class="visually-hidden"> left</span>
                  </>
                ) : (
                  <StatusBadge status={one.status} />
                )}
              </span>
            </span>
            <span class="question-who small muted">
              <span class="cut">
                <Text of={one.agentId} most={64} />
                {one.valueUsd !== undefined && <span class="num"> · {usd(plainUsd(one.valueUsd))}</span>}
              </span>
              <Time at={one.askedAt} />
            </span>
            <span class="question-why small muted cut">
              <Text of={one.reason} most={140} />
            </span>
          </a>
        </li>
      ))}
    </ul>
  );
}
