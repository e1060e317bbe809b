/** The draft beside what governs, or beside an older revision. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import { useQuery } from "../api/query";
import type { PolicyDocument, Revision } from "../api/types";
import { Empty, ErrorBox, Loading } from "../components/states";
import type { Notation } from "../editor/place";
import { TextDiff } from "../editor/TextDiff";
import { revision } from "./requests";

interface Props {
  agent: string;
  now: PolicyDocument | null;
  text: string;
  notation: Notation;
  revisions: readonly Revision[];
}

export function TextPanel({ agent, now, text, notation, revisions }: Props): JSX.Element {
  const [against, setAgainst] = useState<number | null>(null);
  const older = useQuery(against === null ? null : `revision/${agent}/${against}`, (signal) => revision(agent, against ?? 0, signal));
  const from = against === null ? now?.document : older.data?.document;
  return (
    <div class="pol-fill">
      <div class="pol-row small">
        <label class="field-line">
          <span>From</span>
          <select value={against === null ? "" : String(against)} onChange={(event) => setAgainst(event.currentTarget.value === "" ? null : Number(event.currentTarget.value))}>
            <option value="">{now === null ? "nothing" : `revision ${now.revision}, which governs`}</option>
            {revisions
              .filter((one) => one.state === "active" && one.revision !== now?.revision)
              .map((one) => (
                <option key={one.revision} value={String(one.revision)}>
                  revision {one.revision} ({one.version})
                </option>
              ))}
          </select>
        </label>
        <span class="muted">to the draft</span>
      </div>
      {older.problem !== null && against !== null ? (
        <ErrorBox problem={older.problem} retry={older.refresh} />
      ) : against !== null && older.loading ? (
        <Loading />
      ) : from === text ? (
        <Empty title="The texts are the same" />
      ) : (
        <div class="pol-diff">
          <TextDiff from={from ?? ""} to={text} notation={notation} label="Differences of the texts" />
        </div>
      )}
    </div>
  );
}
