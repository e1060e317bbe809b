/** Every layer in order, with its reasons and what it charges. A layer without a word has no objection. */
import { useState } from "preact/hooks";
import type { Explanation, Reason, Verdict } from "@sentinel/policy";
import { head } from "../lib/visible";
import { amountWithUnit, meterName } from "./amount";
import { layerViews, type LayerView } from "./layers";
import { Visible } from "./Marked";
import { OutcomeSign } from "./Outcome";
import type { RulePlace } from "./VerdictView";

const MOST = 40;
const PART_MOST = 200;

interface Props {
  readonly verdict: Verdict;
  readonly explanation: Explanation | null;
  readonly onRule?: (rule: RulePlace) => void;
}

export function Layers({ verdict, explanation, onRule }: Props) {
  return (
    <ol class="v-layers">
      {layerViews(verdict, explanation).map((layer) => (
        <li key={layer.layer} class={`v-layer ${layer.outcome === null ? "v-quiet" : ""} ${layer.decided ? "v-decided" : ""}`}>
          <div class="v-layer-name">
            {layer.outcome === null ? <span class="v-dot" aria-hidden="true" /> : <OutcomeSign outcome={layer.outcome} />}
            <span>
              {layer.title}
              {layer.decided && <span class="v-tag">decided</span>}
            </span>
          </div>
          <div class="v-layer-said">
            <Said layer={layer} {...(onRule === undefined ? {} : { onRule })} />
          </div>
        </li>
      ))}
    </ol>
  );
}

function Said({ layer, onRule }: { layer: LayerView; onRule?: (rule: RulePlace) => void }) {
  const [all, setAll] = useState(false);
  const shown = all ? layer.reasons : layer.reasons.slice(0, MOST);
  return (
    <>
      {layer.reasons.length === 0 && <p class="v-none">{layer.charges.length > 0 ? <Charges layer={layer} /> : `no objection${layer.about === "" ? "" : ` (${layer.about})`}`}</p>}
      {shown.map((reason, index) => (
        <ReasonLine key={index} reason={reason} {...(onRule === undefined ? {} : { onRule })} />
      ))}
      {layer.reasons.length > shown.length && (
        <button type="button" class="v-link" onClick={() => setAll(true)}>
          Show {layer.reasons.length - MOST} more
        </button>
      )}
      {layer.reasons.length > 0 && layer.charges.length > 0 && (
        <p class="v-none">
          <Charges layer={layer} />
        </p>
      )}
    </>
  );
}

function Charges({ layer }: { layer: LayerView }) {
  return <>{layer.charges.map((charge) => `${amountWithUnit(charge.amount, charge.unit)} on ${meterName(charge.meter)}`).join(", ")}</>;
}

function ReasonLine({ reason, onRule }: { reason: Reason; onRule?: (rule: RulePlace) => void }) {
  const rule = reason.rule;
  const part = reason.part === null || reason.part.text === "" ? null : head(reason.part.text, PART_MOST);
  return (
    <div class="v-reason-line">
      <p>
        <span class={`v-word v-${reason.outcome}`}>{reason.outcome}</span> <Visible text={reason.message} />
      </p>
      <p class="v-reason-more">
        {part !== null && (
          <code class="v-part">
            <Visible text={part.text} />
            {part.left > 0 && "…"}
          </code>
        )}
        {rule !== null &&
          (onRule === undefined ? (
            <code class="v-pointer">
              <Visible text={rule.pointer} />
            </code>
          ) : (
            <button type="button" class="v-link v-pointer" onClick={() => onRule(rule)} title="Show it in the policy">
              <Visible text={rule.pointer} />
              {rule.range !== null && <span class="v-at"> line {rule.range.line}</span>}
            </button>
          ))}
        <span class="v-code">{reason.code}</span>
      </p>
    </div>
  );
}
