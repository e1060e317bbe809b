/** What helps to judge: who said what already, where the meters stand, what the agent did lately, ids for the record. */
import type { JSX } from "preact";
import type { Approval, ApprovalMeter } from "../../api/types";
import { Badge, DecisionBadge } from "../../components/Badge";
import { MeterBar } from "../../components/Meter";
import { Facts, Panel } from "../../components/Panel";
import { Text } from "../../components/Text";
import { Time } from "../../components/Time";
import { amount, meterName, millis, plainUsd, plural } from "../../lib/format";
import { href } from "../../lib/route";

export function Context({ approval }: { approval: Approval }): JSX.Element {
  const { context } = approval;
  return (
    <>
      {approval.answers.length > 0 && <Answers approval={approval} />}
      <div class="grid-2 question-context">
        <Panel title="Where its meters stood">
          {context === undefined || context.meters.length === 0 ? <p class="muted">No meter with a limit is concerned.</p> : <Meters meters={context.meters} />}
        </Panel>
        <Panel title="What it did lately">
          {context === undefined || context.recent.length === 0 ? (
            <p class="muted">Nothing before this.</p>
          ) : (
            <ul class="recent">
              {context.recent.map((one) => (
                <li key={one.verdictId}>
                  <DecisionBadge decision={one.decision} />
                  <span class="mono cut grow">
                    <Text of={one.toolName} most={60} />
                  </span>
                  <span class="muted small">
                    <Time at={one.at} />
                  </span>
                </li>
              ))}
            </ul>
          )}
          {context !== undefined && (
            <p class="muted small recent-sum">
              {context.tool.count === 0
                ? "This tool has not been executed before."
                : `This tool was executed ${plural(context.tool.count, "time")}, ${context.tool.errors} failed, ${millis(context.tool.durationMs / context.tool.count)} each.`}
            </p>
          )}
        </Panel>
      </div>
      <Panel title="For the record">
        <Facts
          rows={[
            ["Asked by", <Text key="by" of={approval.requestedBy} most={120} />],
            ["Asked", <Time key="at" at={approval.askedAt} as="stamp" />],
            ["Ends", <Time key="end" at={approval.expiresAt} as="stamp" />],
            ["May answer", approval.approvers.length === 0 ? "everybody with the role approve" : <Text key="who" of={approval.approvers.join(", ")} />],
            ...(approval.sessionId === undefined ? [] : ([["Session", <code key="session">{approval.sessionId}</code>]] as [string, JSX.Element][])),
            ["Verdict", <VerdictLink key="verdict" id={approval.verdictId} />],
            ["Question", <code key="id">{approval.id}</code>],
            ["Call on record", <code key="digest">{approval.callDigest}</code>],
            ["Policy", <code key="policy">{approval.policyDigest}</code>],
          ]}
        />
      </Panel>
    </>
  );
}

function Answers({ approval }: { approval: Approval }): JSX.Element {
  return (
    <Panel title="Answers">
      <ul class="recent">
        {approval.answers.map((one) => (
          <li key={one.subject}>
            <Badge tone={one.answer === "approve" ? "allow" : "deny"} icon={one.answer === "approve" ? "check" : "cross"}>
              {one.answer === "approve" ? "yes" : "no"}
            </Badge>
            <span class="strong">
              <Text of={one.subject} most={60} />
            </span>
            <span class="grow">
              {one.note !== undefined && <Text of={one.note} most={300} />} <span class="muted small">by {one.channel}</span>
            </span>
            <span class="muted small">
              <Time at={one.at} />
            </span>
          </li>
        ))}
      </ul>
    </Panel>
  );
}

function Meters({ meters }: { meters: ApprovalMeter[] }): JSX.Element {
  return (
    <ul class="stack">
      {meters.map((meter) => {
        const limit = meter.limit === undefined ? null : Number(meter.limit);
        const shown = (value: string): string => amount(meter.unit === "usd" ? plainUsd(value) : value, meter.unit);
        return (
          <li key={meter.meter}>
            <p class="small" title={meter.meter}>
              <Text of={meterName(meter.meter)} most={80} />
            </p>
            <MeterBar
              name={meterName(meter.meter)}
              used={Number(meter.used)}
              held={Number(meter.amount)}
              limit={limit}
              text={
                <>
                  <span>
                    {shown(meter.used)} used, <span class="strong">{shown(meter.amount)} for this</span>
                  </span>
                  <span>{meter.limit === undefined ? "no limit" : `of ${shown(meter.limit)}`}</span>
                </>
              }
            />
          </li>
        );
      })}
    </ul>
  );
}

/** The id ends with the index of the entry: `main-457`. */
function VerdictLink({ id }: { id: string }): JSX.Element {
  const index = /-(\d{1,15})$/.exec(id)?.[1];
  return index === undefined ? <code>{id}</code> : <a href={href({ page: "entry", index: Number(index) })}>{id}</a>;
}
