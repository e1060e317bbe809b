/**
 * One question, the most important thing first: who wants what, at what stake, why a person is asked, the exact
 * bytes. The answer stands at the foot of the window, however long the call is.
 */
import type { JSX, RefObject } from "preact";
import type { Approval } from "../../api/types";
import { StatusBadge } from "../../components/Badge";
import { Icon } from "../../components/icons";
import { Text } from "../../components/Text";
import { Countdown } from "../../components/Time";
import { plainUsd, usd } from "../../lib/format";
import { href } from "../../lib/route";
import { Answer } from "./Answer";
import { Call } from "./Call";
import { Context } from "./Context";
import { useExact } from "./exact";
import { Reasons } from "./Reasons";

interface Props {
  approval: Approval;
  answered: (approval: Approval) => void;
  refresh: () => void;
  title: RefObject<HTMLHeadingElement | null>;
}

export function Question({ approval, answered, refresh, title }: Props): JSX.Element {
  const exact = useExact(approval);
  return (
    <article class="question">
      <p class="question-back small">
        <a href={href({ page: "approvals", tab: "open" })}>
          <Icon name="left" size={13} /> All questions
        </a>
      </p>
      <header class="question-head">
        <h2 class="question-title" tabIndex={-1} ref={title}>
          <a href={href({ page: "agent", id: approval.agentId })}>
            <Text of={approval.agentId} most={64} />
          </a>{" "}
          wants{" "}
          <span class="mono">
            <Text of={approval.toolName} most={120} />
          </span>
        </h2>
        <dl class="question-sums">
          <div>
            <dt>{approval.status === "pending" ? "Time left" : "Status"}</dt>
            <dd>{approval.status === "pending" ? <Countdown until={approval.expiresAt} over="expired" /> : <StatusBadge status={approval.status} />}</dd>
          </div>
          {approval.valueUsd !== undefined && (
            <div>
              <dt>At stake</dt>
              <dd class="num">{usd(plainUsd(approval.valueUsd))}</dd>
            </div>
          )}
          <div>
            <dt>Said yes</dt>
            <dd class="num">
              {approval.approvals} of {approval.quorum}
            </dd>
          </div>
        </dl>
      </header>
      {approval.governs === false && approval.status === "pending" && (
        <p class="note note-deny" role="status">
          <span class="strong">The policy that asked this does not govern {approval.agentId} any more.</span> A yes is worth nothing: the agent has to ask again, under what governs now. Deny it, or let it expire.
        </p>
      )}
      <Reasons approval={approval} />
      <Call approval={approval} exact={exact} />
      <Context approval={approval} />
      <Answer approval={approval} exact={exact} answered={answered} refresh={refresh} />
    </article>
  );
}
