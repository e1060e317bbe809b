/** Decisions as they happen: how many, how fast, and which. */
import type { JSX } from "preact";
import { useEffect } from "preact/hooks";
import { totals } from "../../api/calls";
import { useQuery } from "../../api/query";
import { may } from "../../api/session";
import { ErrorBox } from "../../components/states";
import { PageHead, useTitle } from "../../components/Panel";
import { noAnswer } from "../../api/problem";
import { ActivityCharts } from "./ActivityCharts";
import { connection, start } from "./feed";
import { LiveList } from "./LiveList";
import { Totals } from "./Totals";
import "./live.css";

const EVERY_MS = 3_000;

export default function LivePage(): JSX.Element {
  useTitle("Live");
  const audits = may("audit");
  const follows = audits || may("evaluate");
  const sums = useQuery(audits ? "live" : null, (signal) => totals(signal), EVERY_MS);
  useEffect(() => (follows ? start(audits) : undefined), [follows, audits]);
  if (!follows) {
    return (
      <>
        <PageHead title="Live" />
        <ErrorBox problem={{ ...noAnswer(false), kind: "forbidden", title: "Not for this credential", next: "Decisions as they happen are shown to the roles audit and evaluate. Approvals are open to you." }} />
      </>
    );
  }
  return (
    <div class="live">
      <PageHead title="Live">
        <Connection />
      </PageHead>
      {audits && (
        <>
          <Totals totals={sums.data?.totals ?? null} activity={sums.data?.activity ?? null} />
          <ActivityCharts activity={sums.data?.activity ?? null} known={sums.data !== null} />
        </>
      )}
      <LiveList />
    </div>
  );
}

const words = { connecting: "Connecting…", open: "Following", waiting: "Interrupted, coming back…" } as const;

function Connection(): JSX.Element {
  const state = connection.value;
  return (
    <span class={`connection connection-${state} small`} role="status">
      <span class="connection-dot" aria-hidden="true" />
      {words[state]}
    </span>
  );
}
