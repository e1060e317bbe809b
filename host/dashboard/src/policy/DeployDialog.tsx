/** The last question before a draft governs, and what the daemon said to it. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
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
import { TextDiff } from "../editor/TextDiff";
import { summaryOf, type Summary } from "./changes";
import { CHANGED, deploy, governing } from "./requests";
import { nextVersion, withVersion } from "./version";

interface Props {
  agent: string;
  /** What the draft was tried and compared with. */
  now: PolicyDocument | null;
  text: string;
  notation: Notation;
  policy: Policy;
  close: () => void;
  onText: (text: string) => void;
  onDeployed: () => void;
  onChanged: () => void;
}

/** What governs is asked for when the dialog opens, and nothing is deployed over a policy that was not shown here. */
export function DeployDialog({ agent, now, text, notation, policy, close, onText, onDeployed, onChanged }: Props): JSX.Element {
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [seen, setSeen] = useState(now);
  const summary = summaryOf(policy.document, now?.document ?? null);
  const look = async (signal: AbortSignal): Promise<void> => {
    const answer = await governing(agent, signal);
    if (answer.ok && !signal.aborted) setSeen(answer.value);
  };
  useEffect(() => {
    const ended = new AbortController();
    void look(ended.signal);
    return () => ended.abort();
  }, [agent]);
  const send = async (document: string): Promise<void> => {
    setBusy(true);
    setProblem(null);
    const answer = await deploy(document, notation, seen?.digest ?? null);
    if (!answer.ok) {
      // It is shown before anybody may press again.
      if (answer.problem.code === CHANGED) await look(new AbortController().signal);
      setBusy(false);
      setProblem(answer.problem);
      return;
    }
    setBusy(false);
    toast(`Revision ${answer.value.revision} governs ${agent}.`);
    close();
    onDeployed();
  };
  const raise = (): void => {
    const raised = withVersion(text, notation, nextVersion(seen?.version ?? policy.version));
    if (raised === null) return;
    onText(raised);
    void send(raised);
  };
  const leave = (): void => {
    close();
    if (other) onChanged();
  };
  const older = problem?.code === "version-not-newer";
  const other = seen?.digest !== now?.digest;
  const changed = problem?.code === CHANGED;
  return (
    <Dialog
      title={now === null ? "Deploy the first policy?" : "Deploy this draft?"}
      open
      wide={other}
      close={leave}
      actions={
        <>
          <Button onClick={leave}>Cancel</Button>
          {older ? (
            <Button kind="primary" busy={busy} onClick={raise}>
              Raise the version and deploy
            </Button>
          ) : (
            <Button kind={other ? "danger" : "primary"} busy={busy} onClick={() => void send(text)}>
              {other && seen !== null ? `Deploy over revision ${seen.revision}` : "Deploy"}
            </Button>
          )}
        </>
      }
    >
      {other && (
        <div class="note note-escalate" role="alert">
          {seen === null ? (
            <p>The policy that the draft was compared with was removed meanwhile: nothing governs.</p>
          ) : (
            <p>
              <span class="strong">
                Meanwhile <Text of={seen.deployedBy} most={60} /> deployed revision {seen.revision}.
              </span>{" "}
              Your draft does not have what that changed, and deploying it takes it back. The differences from what governs now to your draft:
            </p>
          )}
        </div>
      )}
      {other && seen !== null && (
        <div class="pol-diff pol-diff-asked">
          <TextDiff from={seen.document} to={text} notation={notation} label="From what governs now to the draft" />
        </div>
      )}
      <Facts
        rows={[
          ["Agent", <Text of={agent} />],
          ["Version", <>{seen === null ? "" : <><Text of={seen.version} most={40} /> → </>}<Text of={policy.version} most={40} /></>],
          ["Mode", <>{seen === null ? "" : modeChange(seen, policy)}{policy.mode}</>],
          ["Warnings", policy.warnings.length === 0 ? "none" : String(policy.warnings.length)],
          ["Recorded calls", other ? <>not tried with what governs now</> : <SummaryLine summary={summary} />],
        ]}
      />
      <p class="small muted">It governs every call that is decided from then on. Questions that wait for a person are worth nothing then: the agent has to ask again.</p>
      {older && <p class="note note-escalate">{problem.detail}. The version in the text can be raised for you.</p>}
      {problem !== null && !older && !(changed && other) && <ErrorBox problem={problem} />}
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
