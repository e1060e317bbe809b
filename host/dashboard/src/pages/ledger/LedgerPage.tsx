/** The ledger: search, what it is now and whether it only grew, checking a receipt, taking records elsewhere. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { checkpoint as askCheckpoint } from "../../api/calls";
import { noAnswer } from "../../api/problem";
import { useQuery } from "../../api/query";
import { may } from "../../api/session";
import { Button } from "../../components/Button";
import { PageHead, Panel, useTitle } from "../../components/Panel";
import { Empty, ErrorBox, Loaded } from "../../components/states";
import { startEngine } from "../../lib/engine";
import { readCheckpoint } from "../../lib/note";
import type { Route } from "../../lib/route";
import { go, rewrite } from "../../lib/router";
import { CheckpointPanel } from "./CheckpointPanel";
import { Entries } from "./Entries";
import { Export } from "./Export";
import { ReceiptCheck } from "./ReceiptCheck";
import { LedgerFilters } from "./LedgerFilters";
import { look, readSearch, type Search, writeSearch } from "./search";
import "./ledger.css";

export default function LedgerPage({ route }: { route: Route }): JSX.Element {
  useTitle("Ledger");
  useEffect(() => void startEngine(), []);
  const audits = may("audit");
  const search = readSearch(route.page === "ledger" ? route.query : "");
  const head = useQuery(audits ? "checkpoint" : null, (signal) => askCheckpoint(signal), 10_000);
  const size = head.data === null ? null : (readCheckpoint(head.data)?.size ?? null);
  if (!audits) {
    return (
      <>
        <PageHead title="Ledger" />
        <ErrorBox problem={{ ...noAnswer(false), kind: "forbidden", title: "Not for this credential", next: "The ledger is shown to the role audit. A receipt that somebody gave you can be checked below all the same." }} />
        <ReceiptCheck />
      </>
    );
  }
  return (
    <>
      <PageHead title="Ledger">
        <GoTo size={size} />
      </PageHead>
      <div class="ledger-grid">
        <Results search={search} size={size} />
        <div class="stack ledger-side">
          <CheckpointPanel note={head} />
          <ReceiptCheck />
          <Export agent={search.agent} />
        </div>
      </div>
    </>
  );
}

function Results({ search, size }: { search: Search; size: number | null }): JSX.Element {
  const [turn, setTurn] = useState(0);
  // A page that is open stays as it is: entries that come would push what is read away.
  const [end, setEnd] = useState<number | null>(null);
  useEffect(() => {
    if (end === null && size !== null) setEnd(size);
  }, [end, size]);
  const address = writeSearch(search);
  const query = useQuery(end === null ? null : `ledger/${address}/${end}/${turn}`, (signal) => look(search, end ?? 0, signal));
  const change = (next: Search): void => rewrite({ page: "ledger", query: writeSearch(next) });
  const newer = size !== null && end !== null && size > end;
  return (
    <Panel
      title="Entries"
      flush
      aside={
        <Button
          kind="quiet"
          disabled={!newer && search.before === null}
          onClick={() => {
            change({ ...search, before: null });
            setEnd(size);
            setTurn(turn + 1);
          }}
        >
          {newer && size !== null && end !== null ? `${size - end} newer` : "Newest"}
        </Button>
      }
    >
      <LedgerFilters search={search} change={(part) => change({ ...search, ...part, before: null })} />
      <Loaded query={query} rows={10}>
        {(data) => (
          <>
            {data.entries.length === 0 ? <Empty title="No entry matches">Look further back, or change the filters.</Empty> : <Entries entries={data.entries} />}
            {data.before !== null && (
              <p class="timeline-more">
                <Button onClick={() => go({ page: "ledger", query: writeSearch({ ...search, before: data.before }) })}>Older</Button>
              </p>
            )}
          </>
        )}
      </Loaded>
    </Panel>
  );
}

function GoTo({ size }: { size: number | null }): JSX.Element {
  const [text, setText] = useState("");
  const index = /^\d{1,15}$/.test(text.trim()) ? Number(text.trim()) : null;
  return (
    <form
      class="row"
      onSubmit={(event) => {
        event.preventDefault();
        if (index !== null) go({ page: "entry", index });
      }}
    >
      <label>
        <span class="visually-hidden">Index of an entry</span>
        <input inputMode="numeric" size={12} placeholder={size === null ? "Index" : `0 to ${Math.max(0, size - 1)}`} value={text} onInput={(event) => setText(event.currentTarget.value)} autocomplete="off" />
      </label>
      <Button type="submit" disabled={index === null}>
        Go to entry
      </Button>
    </form>
  );
}
