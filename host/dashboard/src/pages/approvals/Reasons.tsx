/** Why a person is asked: every reason, for a yes lifts all of them. They come with the question, whoever looks at it. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Approval, ApprovalReason } from "../../api/types";
import { Text } from "../../components/Text";
import { plural } from "../../lib/format";

/** The first ones fit beside the call; a command can have hundreds. */
const SHOWN = 6;

export function Reasons({ approval }: { approval: Approval }): JSX.Element {
  const [all, setAll] = useState(false);
  const told = approval.reasons ?? [];
  const reasons: ApprovalReason[] = told.length === 0 ? [{ message: approval.reason, code: approval.code, layer: "" }] : told;
  const shown = all ? reasons : reasons.slice(0, SHOWN);
  return (
    <section class="note note-escalate question-reason" aria-label="Reasons">
      {reasons.length > 1 && <p class="strong">Why a person is asked: {reasons.length} reasons, and a yes is for all of them.</p>}
      <ul class={reasons.length > 1 ? "reasons" : ""}>
        {shown.map((reason, at) => (
          <li key={at}>
            {reasons.length === 1 && <span class="strong">Why a person is asked: </span>}
            <One reason={reason} />
          </li>
        ))}
      </ul>
      {approval.moreReasons !== undefined && <p class="small">They hold at {plural(approval.moreReasons, "more place", "more places")} of the call.</p>}
      {reasons.length > shown.length && (
        <button type="button" class="link small" onClick={() => setAll(true)}>
          Show {plural(reasons.length - shown.length, "more reason", "more reasons")}
        </button>
      )}
    </section>
  );
}

function One({ reason }: { reason: ApprovalReason }): JSX.Element {
  const { part, rule } = reason;
  return (
    <>
      <Text of={reason.message} most={1_000} />{" "}
      {part !== undefined && part !== null && part.text !== "" && (
        <code class="reason-part">
          <Text of={part.text} most={200} />
        </code>
      )}{" "}
      <code class="muted xs">
        {reason.code}
        {rule !== undefined && rule !== null && (
          <>
            {" "}
            <Text of={rule.pointer} most={200} />
          </>
        )}
      </code>
    </>
  );
}
