/** Revisions: who let what govern when; a way to look at each, and back to one. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Problem } from "../api/problem";
import type { Query } from "../api/query";
import { may, mayChange } from "../api/session";
import type { PolicyDocument, Revision } from "../api/types";
import { Badge } from "../components/Badge";
import { Button } from "../components/Button";
import { Dialog } from "../components/Dialog";
import { Empty, ErrorBox, Loading } from "../components/states";
import { Text } from "../components/Text";
import { Time } from "../components/Time";
import { toast } from "../components/Toast";
import type { Notation } from "../editor/place";
import { CHANGED, revision, rollback } from "./requests";

interface Props {
  agent: string;
  now: PolicyDocument | null;
  query: Query<{ revisions: Revision[] }>;
  onOpen: (text: string, notation: Notation) => void;
  onRolledBack: () => void;
  /** Another policy governs than the page knows. */
  onChanged: () => void;
}

export function HistoryPanel({ agent, now, query, onOpen, onRolledBack, onChanged }: Props): JSX.Element {
  const [back, setBack] = useState<Revision | null>(null);
  const [busy, setBusy] = useState(false);
  const [problem, setProblem] = useState<Problem | null>(null);
  if (!may("audit")) return <Empty title="Not for this credential">The history is shown to the role audit.</Empty>;
  if (query.problem?.kind === "not-found") return <Empty title="There is no history yet" />;
  if (query.data === null) return query.problem === null ? <Loading /> : <ErrorBox problem={query.problem} retry={query.refresh} />;

  const open = async (one: Revision): Promise<void> => {
    setProblem(null);
    const answer = await revision(agent, one.revision, new AbortController().signal);
    if (answer.ok) onOpen(answer.value.document, answer.value.format);
    else setProblem(answer.problem);
  };
  const roll = async (): Promise<void> => {
    if (back === null) return;
    setBusy(true);
    const answer = await rollback(agent, back.revision, now?.digest ?? null);
    setBusy(false);
    setBack(null);
    if (answer.ok) {
      toast(`Revision ${back.revision} governs again, as revision ${answer.value.revision}.`);
      onRolledBack();
    } else {
      setProblem(answer.problem);
      if (answer.problem.code === CHANGED) onChanged();
    }
  };
  return (
    <div class="pol-history">
      {problem !== null && <ErrorBox problem={problem} />}
      <ol>
        {query.data.revisions.map((one) => (
          <li key={one.revision} class="pol-revision">
            <span class="num strong">{one.revision}</span>
            <span class="grow">
              {one.state === "removed" ? <Badge tone="deny">removed</Badge> : <Text of={one.version} most={40} />} {one.revision === now?.revision && <Badge tone="info">governs</Badge>}
              <span class="pol-by small muted">
                <Text of={one.deployedBy} most={80} /> · <Time at={one.deployedAt} as="stamp" />
              </span>
            </span>
            {one.state === "active" && (
              <span class="row">
                <Button kind="quiet" onClick={() => void open(one)} label={`Open revision ${one.revision} as draft`}>
                  As draft
                </Button>
                {one.revision !== now?.revision && (
                  <Button disabled={!mayChange("admin")} {...(mayChange("admin") ? {} : { title: may("admin") ? "Sign in again to roll back." : "Only the role admin rolls back." })} onClick={() => setBack(one)} label={`Roll back to revision ${one.revision}`}>
                    Roll back
                  </Button>
                )}
              </span>
            )}
          </li>
        ))}
      </ol>
      <Dialog
        title={`Roll back to revision ${back?.revision ?? ""}?`}
        open={back !== null}
        close={() => setBack(null)}
        actions={
          <>
            <Button onClick={() => setBack(null)}>Cancel</Button>
            <Button kind="danger" busy={busy} onClick={() => void roll()}>
              Roll back
            </Button>
          </>
        }
      >
        <p>
          Version <Text of={back?.version ?? ""} most={40} /> governs {agent} again, as a new revision, from the next call on. A draft stays a draft.
        </p>
      </Dialog>
    </div>
  );
}
