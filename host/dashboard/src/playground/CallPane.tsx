/** One call and what becomes of it. */
import { useState } from "preact/hooks";
import { Button } from "../components/Button";
import { Dialog } from "../components/Dialog";
import { LazyEditor } from "../editor/LazyEditor";
import { Bars, VerdictView, type RulePlace } from "../verdict";
import { callBars } from "./about";
import { CallForm } from "./CallForm";
import { explainCommand, policyFile } from "./cli";
import { CopyBox } from "./CopyBox";
import { EXAMPLES, sampleText } from "./examples";
import { Segmented } from "./Segmented";
import { callText, calls, compiled, decidedCall, environment, exampleId, explanation, notation, notice } from "./state";

export function CallPane({ onRule }: { onRule: (rule: RulePlace) => void }) {
  const [as, setAs] = useState<"form" | "json">("form");
  const [command, setCommand] = useState(false);
  return (
    <div class="p-call">
      <div class="p-row">
        <Segmented label="The call" value={as} options={[["form", "Form"], ["json", "JSON"]]} onChange={setAs} />
        <Samples />
        <span class="grow" />
        <Button kind="quiet" onClick={addToSession} title="Adds this call to the end of the session">
          Add to session
        </Button>
        <Button kind="quiet" icon="copy" onClick={() => setCommand(true)}>
          As command
        </Button>
      </div>
      {as === "form" ? (
        <CallForm text={callText.value} environment={environment.value} onChange={(text) => (callText.value = text)} onEnvironment={(value) => (environment.value = value)} />
      ) : (
        <div class="p-call-json">
          <LazyEditor text={callText.value} notation="json" label="Call as JSON" small assist={false} onChange={(text) => (callText.value = text)} />
        </div>
      )}
      <CallVerdict onRule={onRule} />
      <Dialog title="The same on a command line" open={command} close={() => setCommand(false)} actions={<Button onClick={() => setCommand(false)}>Close</Button>}>
        <p class="small muted">
          Save the policy as <code>{policyFile(compiled.value.policy?.agentId ?? null, notation.value)}</code> first. Exit codes: 0 allow, 2 deny, 3 escalate.
        </p>
        {command && <CopyBox label="Command" text={explainCommand(policyFile(compiled.value.policy?.agentId ?? null, notation.value), callText.value, environment.value)} rows={6} />}
      </Dialog>
    </div>
  );
}

function addToSession(): void {
  calls.value = [...calls.peek(), callText.peek()];
  notice.value = { text: `Added as call ${calls.peek().length} of the session.`, tone: "plain", before: null };
}

/** Calls to try with the example that is open; with another policy, those of the first one. */
function Samples() {
  const example = EXAMPLES.find((one) => one.id === exampleId.value) ?? EXAMPLES[0];
  if (example === undefined) return null;
  const at = example.samples.findIndex((sample) => sampleText(sample) === callText.value);
  return (
    <select
      class="p-samples"
      aria-label="Calls to try"
      value={at === -1 ? "" : String(at)}
      onChange={(event) => {
        const sample = example.samples[Number(event.currentTarget.value)];
        if (event.currentTarget.value !== "" && sample !== undefined) callText.value = sampleText(sample);
      }}
    >
      <option value="">Calls to try …</option>
      {example.samples.map((sample, index) => (
        <option key={sample.title} value={String(index)}>
          {sample.title}
        </option>
      ))}
    </select>
  );
}

function CallVerdict({ onRule }: { onRule: (rule: RulePlace) => void }) {
  const found = explanation.value;
  const { policy, about, diagnostics } = compiled.value;
  if (found === null || about === null) {
    const errors = policy === null && diagnostics.length > 0;
    return (
      <div class="p-no-verdict" role="status">
        {errors ? "The policy has errors, so nothing is decided. A daemon would not take it either." : "The engine is starting …"}
      </div>
    );
  }
  const bars = callBars(about, found);
  return (
    <div class="p-verdict">
      <div role="status" class="visually-hidden">
        {found.verdict.decision}: {found.verdict.reason}
      </div>
      <VerdictView verdict={found.verdict} explanation={found} call={decidedCall.value} onRule={onRule} />
      {bars.length > 0 && (
        <section class="v-section">
          <h3>What it would charge to fresh meters</h3>
          <Bars bars={bars} label="What the call would charge" />
        </section>
      )}
    </div>
  );
}
