/** The signed end of the ledger, and whether it only grew since this browser saw it last. */
import type { JSX } from "preact";
import { checkpoint, ledgerKey } from "../../api/calls";
import { type Query, useQuery } from "../../api/query";
import { Button } from "../../components/Button";
import { Icon } from "../../components/icons";
import { Facts, Panel } from "../../components/Panel";
import { ErrorBox, Loaded, Loading } from "../../components/states";
import { Text } from "../../components/Text";
import { engine } from "../../lib/engine";
import { count } from "../../lib/format";
import { readCheckpoint } from "../../lib/note";
import { acceptLedger, knownLedger, pinned } from "../../lib/pinned";
import { places, Rekeyed } from "./KeyChanges";
import { saveText } from "./save";
import { checkGrowth, type Growth } from "./verify";

export function CheckpointPanel({ note }: { note: Query<string> }): JSX.Element {
  return (
    <Panel
      title="Checkpoint"
      aside={
        note.data !== null && (
          <button type="button" class="link" onClick={() => saveText("checkpoint.txt", note.data ?? "")}>
            Keep a copy
          </button>
        )
      }
    >
      <Loaded query={note}>
        {(text) => {
          const read = readCheckpoint(text);
          if (read === null) return <p class="note note-deny">What the daemon calls its checkpoint is none.</p>;
          return (
            <div class="stack">
              <Facts
                rows={[
                  ["Ledger", <Text key="origin" class="mono" of={read.origin} most={120} />],
                  ["Entries", <span key="size" class="num">{count(read.size)}</span>],
                  ["Root", <code key="root" class="xs">{read.root}</code>],
                ]}
              />
              <Grown note={text} />
            </div>
          );
        }}
      </Loaded>
    </Panel>
  );
}

/** Checked when the page opens and when the ledger is larger by then; not at every entry. */
function Grown({ note }: { note: string }): JSX.Element {
  const ready = engine.value === "ready";
  const keys = pinned.value;
  const own = useQuery("ledger-key", (signal) => ledgerKey(signal));
  const check = useQuery(
    ready && own.data !== null ? `growth/${keys}` : null,
    async (signal) => {
      const newest = await checkpoint(signal);
      return newest.ok ? checkGrowth(own.data ?? "", keys, newest.value, signal) : newest;
    },
    60_000,
  );
  if (engine.value === "failed") return <p class="note note-deny">The engine could not be started in this browser, so nothing can be checked.</p>;
  if (check.problem !== null && check.data === null) return <ErrorBox problem={check.problem} retry={check.refresh} />;
  if (check.data === null || note === "") return <Loading rows={2} label="Checking the ledger" />;
  return <GrowthVerdict growth={check.data} again={check.refresh} source={keys === "" ? "the key that the daemon gives" : "your pinned key"} />;
}

function GrowthVerdict({ growth, source, again }: { growth: Growth; source: string; again: () => void }): JSX.Element {
  if (growth.state === "refused") {
    return (
      <div class="note note-deny" role="alert">
        <p class="row strong">
          <Icon name="cross" /> This is not the ledger that was seen before
        </p>
        <p>
          <Text of={growth.error} most={400} />
        </p>
        {growth.from !== null && (
          <p class="muted small">
            Seen before: {count(growth.from.size)} entries, root <code>{growth.from.root}</code>. Keep that, and find out what happened.
          </p>
        )}
      </div>
    );
  }
  const known = knownLedger.value;
  const other = known !== null && known !== growth.now.origin;
  return (
    <>
      {other && <Another known={known} now={growth.now.origin} />}
      {growth.state === "rekeyed" ? <Rekeyed growth={growth} again={again} /> : <Unbroken growth={growth} source={source} other={other} />}
    </>
  );
}

/** A ledger of another name has no past in common with the one before: nothing says that it only grew. */
function Another({ known, now }: { known: string; now: string }): JSX.Element {
  return (
    <div class="note note-escalate stack" role="alert">
      <p class="another strong">
        <Icon name="hand" /> <span>This is another ledger than the one this browser knew: <Text class="mono" of={known} most={120} /></span>
      </p>
      <p class="small">
        Now there is <Text class="mono" of={now} most={120} />. What was on record before is not compared with it. If nobody put another ledger there on purpose, find out what happened to the first.
      </p>
      <p>
        <Button onClick={() => acceptLedger(now)}>It is meant: know this one</Button>
      </p>
    </div>
  );
}

function Unbroken({ growth, source, other }: { growth: Exclude<Growth, { state: "refused" | "rekeyed" }>; source: string; other: boolean }): JSX.Element {
  return (
    <div class="note note-allow" role="status">
      <p class="row strong">
        <Icon name="check" /> {growth.state === "grew" ? "It only grew" : growth.state === "same" ? "It is as it was" : "Signed"}
      </p>
      <p class="small">
        {growth.state === "grew"
          ? `The ${count(growth.from.size)} entries that this browser saw last are the beginning of these ${count(growth.now.size)}: none was changed, removed or put in between.`
          : growth.state === "same"
            ? `The same ${count(growth.now.size)} entries that this browser saw last.`
            : other
              ? "This ledger will be compared with itself from now on."
              : "This browser sees it for the first time, and will compare from now on."}
      </p>
      {growth.changes.length > 0 && <p class="small">Its key changed {places(growth.changes)}; the key before signed that.</p>}
      <p class="muted small">Signature checked with {growth.changes.length === 0 ? source : `the key that follows ${source}`}.</p>
    </div>
  );
}
