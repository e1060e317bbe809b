/** The last question before a draft governs, and what the daemon said to it. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Policy } from "@sentinel/policy";
import type { Problem } from "../api/problem";
import type { PolicyDocument } from "../api/types";
import { Button } from "../components/Button";
import { Dialog } from "../components/Dialog";
import { Facts } from "../components/Panel";
import { ErrorBox } from "../components/states";
import { Text } from "../components/Text";
import { toast } from "../components/Toast";
import type { Notation } from "../editor/place";
import { summaryOf, type Summary } from "./changes";
import { deploy } from "./requests";
import { nextVersion, withVersion } from "./version";

interface Props {
  agent: string;
  now: PolicyDocument | null;
  text: string;
  notation: Notation;
  policy: Policy;
  close: () => void;
  onText: (text: string) => void;
  onDeployed: () => void;
}

export function DeployDialog({ agent, now, text, notation, policy, close, onText, onDeployed }: Props): JSX.Element {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const summary = summaryOf(policy.document, now?.document ?? null);
  const send = async (document: string): Promise<void> => {
    setBusy(true);
    setProblem(null);
    const answer = await deploy(document, notation);
    setBusy(false);
    if (!answer.ok) {
      setProblem(answer.problem);
      return;
    }
    toast(`Revision ${answer.value.revision} governs ${agent}.`);
    close();
    onDeployed();
  };
  const raise = (): void => {
    // The version that governs may have grown since the page was loaded: it stands in the answer.
    const governs = /not newer than `([^`]+)`/.exec(problem?.detail ?? "")?.[1] ?? now?.version ?? policy.version;
    const raised = withVersion(text, notation, nextVersion(governs));
    if (raised === null) return;
    onText(raised);
    void send(raised);
  };
  const older = problem?.code === "version-not-newer";
  return (
    <Dialog
      title={now === null ? "Deploy the first policy?" : "Deploy this draft?"}
      open
      close={close}
      actions={
        <>
          <Button onClick={close}>Cancel</Button>
          {older ? (
            <Button kind="primary" busy={busy} onClick={raise}>
              Raise the version and deploy
            </Button>
          ) : (
            <Button kind="primary" busy={busy} onClick={() => void send(text)}>
              Deploy
            </Button>
          )}
        </>
      }
    >
      <Facts
        rows={[
          ["Agent", <Text of={agent} />],
          ["Version", <>{now === null ? "" : <><Text of={now.version} most={40} /> → </>}<Text of={policy.version} most={40} /></>],
          ["Mode", <>{now === null ? "" : modeChange(now, policy)}{policy.mode}</>],
          ["Warnings", policy.warnings.length === 0 ? "none" : String(policy.warnings.length)],
          ["Recorded calls", <SummaryLine summary={summary} />],
        ]}
      />
      <p class="small muted">It governs every call that is decided from then on. Questions that wait for a person are worth nothing then: the agent has to ask again.</p>
      {older && <p class="note note-escalate">{problem.detail}. The version in the text can be raised for you.</p>}
      {problem !== null && !older && <ErrorBox problem={problem} />}
    </Dialog>
  );
}

function modeChange(now: PolicyDocument, policy: Policy): string {
  const before = now.description["mode"];
  return typeof before === "string" && before !== policy.mode ? `${before} → ` : "";
}

function SummaryLine({ summary }: { summary: Summary | null }): JSX.Element {
  if (summary === null) return <>not tried with this draft</>;
  if (summary.changed === 0) return <>none of {summary.total} gets another decision</>;
  return (
    <>
      {summary.changed} of {summary.total} get another decision
      {summary.denied > 0 && <>, {summary.denied} of them are denied now</>}
    </>
  );
}
