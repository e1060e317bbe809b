/**
 * Diff of decisions: the newest recorded calls of the agent, decided by the engine in this page under what governs
 * and under the draft. What changes is shown, what takes something away first.
 */
import type { JSX } from "preact";
import { useEffect, useMemo, useState } from "preact/hooks";
import type { Policy } from "@sentinel/policy";
import type { Problem } from "../api/problem";
import { may } from "../api/session";
import { Button } from "../components/Button";
import { Empty, ErrorBox, Loading } from "../components/states";
import type { RulePlace } from "../verdict";
import { remember } from "./changes";
import { Changes } from "./Changes";
import { callOf, guessWorkspace, recordedCalls, replay, type Outcome, type Progress, type Recorded, type Surroundings } from "./replay";
import { health, verdicts } from "./requests";

interface Props {
  agent: string;
  draft: Policy | null;
  current: Policy | null;
  /** Whether a policy governs; then `current` is on its way if it is null. */
  governs: boolean;
  ready: string;
  onRule: (rule: RulePlace) => void;
}

const SIZES = [100, 500, 1_000, 5_000] as const;

export function DecisionDiff({ agent, draft, current, governs, ready, onRule }: Props): JSX.Element {
  const [most, setMost] = useState<number>(500);
  const [recorded, setRecorded] = useState<readonly Recorded[] | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const [have, setHave] = useState(0);
  const [turn, setTurn] = useState(0);
  const [around, setAround] = useState<Surroundings | null>(null);
  const [outcomes, setOutcomes] = useState<readonly Outcome[] | null>(null);
  const [progress, setProgress] = useState<Progress | null>(null);

  useEffect(() => {
    const ended = new AbortController();
    setProblem(null);
    void (async () => {
      const [daemon, answer] = await Promise.all([health(ended.signal), verdicts(agent, most, ended.signal, setHave)]);
      if (ended.signal.aborted) return;
      if (!answer.ok) {
        setProblem(answer.problem);
        return;
      }
      const calls = recordedCalls(answer.value);
      const environment = daemon.ok ? daemon.value.environment : "development";
      setRecorded(calls);
      setAround({ environment, workspace: "", home: homeOf(calls) });
    })();
    return () => ended.abort();
  }, [agent, most, turn]);

  // Older entries do not say where a call would run; what governs tells which directory fits.
  const guessed = useMemo(() => {
    if (recorded === null || around === null || current === null) return null;
    return guessWorkspace(recorded, (one, workspace) => current.decide(callOf(one, agent, { ...around, workspace })).decision);
  }, [recorded, around?.environment, current]);
  const place = around === null ? null : around.workspace === "" && guessed !== null ? { ...around, workspace: guessed } : around;

  useEffect(() => {
    if (recorded === null || place === null || draft === null || (governs && current === null)) return undefined;
    const ended = new AbortController();
    setProgress({ done: 0, total: recorded.length });
    void replay(recorded, (one) => callOf(one, agent, place), current === null ? null : (call) => current.decide(call), (call) => draft.decide(call), ended.signal, setProgress).then(
      (found) => {
        if (found === null) return;
        setOutcomes(found);
        setProgress(null);
        remember(draft.document, current?.document ?? null, found);
      },
      () => setProgress(null),
    );
    return () => ended.abort();
  }, [recorded, place?.workspace, place?.home, place?.environment, draft, current, governs]);

  if (!may("audit") && !may("evaluate")) return <Empty title="Not for this credential">Recorded calls are shown to the roles audit and evaluate.</Empty>;
  if (problem !== null && recorded === null) return <ErrorBox problem={problem} retry={() => setTurn(turn + 1)} />;
  if (recorded === null || place === null) return <Loading rows={5} label={`Loading recorded calls, ${have} so far`} />;
  if (recorded.length === 0) return <Empty title="No recorded calls yet">As soon as the agent made calls, a draft can be tried on them here.</Empty>;
  return (
    <div class="pol-decisions">
      <div class="pol-row small">
        <label class="field-line">
          <span>Newest</span>
          <select value={String(most)} onChange={(event) => setMost(Number(event.currentTarget.value))}>
            {SIZES.map((size) => (
              <option key={size} value={String(size)}>
                {size.toLocaleString("en-US")}
              </option>
            ))}
          </select>
          <span>calls</span>
        </label>
        <label class="field-line" title="Relative patterns speak of it. Entries that do not say it are decided as if the call ran here.">
          <span>Workspace</span>
          <input class="mono pol-workspace" value={place.workspace} spellcheck={false} placeholder="none" onChange={(event) => setAround({ ...place, workspace: event.currentTarget.value.trim() })} />
        </label>
        <Button kind="quiet" onClick={() => setTurn(turn + 1)} title="Asks for calls that were made meanwhile">
          Refresh
        </Button>
        <span class="pol-progress" role="status" aria-live="polite">
          {draft !== null && progress !== null && <ProgressLine progress={progress} />}
        </span>
      </div>
      {draft === null ? (
        <p class="muted">{ready === "ready" ? "The draft has errors, so there is nothing to compare." : "The engine is starting …"}</p>
      ) : (
        outcomes !== null && <Changes outcomes={outcomes} draft={draft} current={current} onRule={onRule} />
      )}
    </div>
  );
}

function ProgressLine({ progress }: { progress: Progress }): JSX.Element {
  return (
    <>
      <progress value={progress.done} max={Math.max(1, progress.total)} aria-label="Calls decided again" /> {progress.done} of {progress.total}
    </>
  );
}

function homeOf(recorded: readonly Recorded[]): string {
  for (const one of recorded) {
    for (const path of one.paths) {
      const home = /^(\/home\/[^/]+|\/root|\/Users\/[^/]+)(?:\/|$)/.exec(path)?.[1];
      if (home !== undefined) return home;
    }
  }
  return "";
}
