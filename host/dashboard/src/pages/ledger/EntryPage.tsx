/** One entry: what was recorded, byte for byte, and the proof that it is in the ledger, checked in the page. */
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { ledgerKey, receipt as askReceipt } from "../../api/calls";
import { useQuery } from "../../api/query";
import type { Entry, Json } from "../../api/types";
import { Badge, DecisionBadge } from "../../components/Badge";
import { Button } from "../../components/Button";
import { Icon } from "../../components/icons";
import { Facts, PageHead, Panel, useTitle } from "../../components/Panel";
import { ErrorBox, Loaded, Loading } from "../../components/states";
import { Block, Text } from "../../components/Text";
import { Time } from "../../components/Time";
import { engine, startEngine } from "../../lib/engine";
import { indented } from "../../lib/indent";
import { pinned } from "../../lib/pinned";
import { href, type Route } from "../../lib/route";
import { fromEntry } from "../live/event";
import { PinnedKey } from "./PinnedKey";
import { saveText } from "./save";
import { ReceiptVerdict } from "./Verdict";
import { type Checked, useChecked } from "./receipts";
import "./ledger.css";

export default function EntryPage({ route }: { route: Route }): JSX.Element | null {
  return route.page === "entry" ? <One index={route.index} /> : null;
}

function One({ index }: { index: number }): JSX.Element {
  useTitle(`Entry ${index}`);
  useEffect(() => void startEngine(), []);
  const receipt = useQuery(`receipt/${index}`, (signal) => askReceipt(index, signal));
  const key = useQuery("ledger-key", (signal) => ledgerKey(signal));
  return (
    <>
      <PageHead
        title={`Entry ${index}`}
        back={
          <a href="#/ledger">
            <Icon name="left" size={13} /> Ledger
          </a>
        }
      >
        {index > 0 && (
          <a class="tab" href={href({ page: "entry", index: index - 1 })}>
            Before
          </a>
        )}
        <a class="tab" href={href({ page: "entry", index: index + 1 })}>
          After
        </a>
      </PageHead>
      <Loaded query={receipt} rows={8}>
        {(text) => (key.data === null ? key.problem === null ? <Loading rows={6} /> : <ErrorBox problem={key.problem} retry={key.refresh} /> : <Proven index={index} text={text} daemonKey={key.data} />)}
      </Loaded>
    </>
  );
}

function Proven({ index, text, daemonKey }: { index: number; text: string; daemonKey: string }): JSX.Element {
  const state = engine.value;
  const keys = pinned.value;
  const found = useChecked(text, daemonKey, keys);
  const checked = found === null ? null : sameEntry(found, index);
  if (state === "failed") return <p class="note note-deny">The engine could not be started in this browser, so the entry cannot be checked.</p>;
  if (checked === null) return <Loading rows={8} label="Checking the receipt" />;
  return (
    <div class="entry-grid">
      <div class="stack entry-main">
        {checked.ok && <Summary index={index} json={checked.proven.entryJson} />}
        <Panel title="As it was recorded" aside="Shown from the receipt that was checked">
          {checked.ok ? <Block of={indented(checked.proven.entry)} label="The entry as JSON" /> : <p class="muted">The receipt was refused, so nothing of it is shown as the entry.</p>}
        </Panel>
      </div>
      <Panel
        title="Receipt"
        aside={
          <Button kind="quiet" icon="download" onClick={() => saveText(`receipt-${index}.json`, text)}>
            Save
          </Button>
        }
      >
        <div class="stack">
          <ReceiptVerdict checked={checked} />
          <PinnedKey />
          <p class="muted small">
            Whoever has this receipt and the public key needs neither this page nor the daemon: <code>sentinel ledger verify --receipt receipt-{index}.json --key ledger.pub</code>
          </p>
        </div>
      </Panel>
    </div>
  );
}

/** A good receipt of another entry is no receipt of this one. */
function sameEntry(checked: Checked, index: number): Checked {
  if (!checked.ok || checked.proven.index === index) return checked;
  return { ok: false, error: `The daemon sent the receipt of entry ${checked.proven.index}.`, source: checked.source };
}

function Summary({ index, json }: { index: number; json: Json | null }): JSX.Element | null {
  if (typeof json !== "object" || json === null || Array.isArray(json)) return null;
  const event = fromEntry({ ...json, index, kind: typeof json["kind"] === "string" ? json["kind"] : "entry", id: "", at: "" , ...(typeof json["at"] === "string" ? { at: json["at"] } : {}) } as Entry);
  const rows: [string, JSX.Element][] = [["When", <Time key="at" at={event.at} as="stamp" />]];
  if (event.agent !== "") {
    rows.push([
      "Agent",
      <a key="agent" href={href({ page: "agent", id: event.agent })}>
        <Text of={event.agent} most={64} />
      </a>,
    ]);
  }
  if (event.tool !== "") rows.push(["Tool", <Text key="tool" class="mono" of={event.tool} most={200} />]);
  if (event.layer !== "") rows.push(["Layer", <Text key="layer" of={event.layer} />]);
  if (event.reason !== "") rows.push([event.kind === "verdict" ? "Reason" : "What", <Text key="reason" of={event.reason} most={600} />]);
  if (typeof json["approvalId"] === "string") {
    rows.push([
      "Question",
      <a key="approval" href={href({ page: "approval", id: json["approvalId"] })}>
        <Text of={json["approvalId"]} most={80} />
      </a>,
    ]);
  }
  return (
    <Panel title={event.decision === "" ? <Badge tone="plain">{event.kind}</Badge> : <DecisionBadge decision={event.decision} enforced={event.enforced} />}>
      <Facts rows={rows} />
    </Panel>
  );
}
