/** Signed in or not, and which page. Pages come in files of their own, when somebody goes there. */
import type { ComponentType, JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { may, session, waitsFor } from "./api/session";
import { PageHead } from "./components/Panel";
import { Empty, ErrorBox, Loading } from "./components/states";
import { noAnswer, type Problem } from "./api/problem";
import { reloadOnce } from "./lib/reload";
import { Layout } from "./Layout";
import type { Route } from "./lib/route";
import { go, route } from "./lib/router";
import { Login } from "./pages/Login";

type Page = ComponentType<{ route: Route }>;

const pages: Record<Exclude<Route["page"], "unknown">, () => Promise<{ default: Page }>> = {
  live: () => import("./pages/live/LivePage"),
  agents: () => import("./pages/agents/AgentsPage"),
  agent: () => import("./pages/agents/AgentPage"),
  approvals: () => import("./pages/approvals/ApprovalsPage"),
  approval: () => import("./pages/approvals/ApprovalsPage"),
  policy: () => import("./policy/PolicyPage"),
  ledger: () => import("./pages/ledger/LedgerPage"),
  entry: () => import("./pages/ledger/EntryPage"),
};

const FILE_GONE: Problem = { ...noAnswer(false), title: "This page could not be loaded", next: "The daemon does not answer, or has other pages by now. Try again in a moment." };

export function App(): JSX.Element {
  const current = session.value;
  useEffect(() => {
    // Whoever only answers questions begins where they are.
    if (current.state === "in" && /^#?\/?$/.test(location.hash) && !may("audit") && !may("evaluate")) go({ page: "approvals", tab: "open" });
  }, [current.state]);
  if (current.state === "unknown") {
    return (
      <main class="alone">
        {waitsFor.value === null ? <Loading label="Asking the daemon who you are" /> : <Waiting problem={waitsFor.value} />}
      </main>
    );
  }
  if (current.state === "out") return <Login lost={current.lost} />;
  return (
    <Layout>
      <Current />
    </Layout>
  );
}

/** Nobody is signed out by a daemon that does not answer: it is asked until it does. */
function Waiting({ problem }: { problem: Problem }): JSX.Element {
  return (
    <div class="error-box error-box-quiet" role="status">
      <h1 class="strong">{problem.title}</h1>
      <p class="muted small">It is asked again every two seconds. You stay signed in.</p>
    </div>
  );
}

/** One page, by its name: another agent is the same page with another route, and begins anew by its key. */
function Current(): JSX.Element {
  const at = route.value;
  const [shown, setShown] = useState<{ name: string; Page: Page } | null>(null);
  const [failed, setFailed] = useState(false);
  const before = useRef<string | null>(null);

  useEffect(() => {
    if (at.page === "unknown") return undefined;
    let left = false;
    const name = nameOf(at);
    pages[at.page]().then(
      (module) => {
        if (left) return;
        setFailed(false);
        setShown({ name, Page: module.default });
      },
      () => {
        // After an upgrade its file has another name, which only the newest index knows.
        if (!left && !reloadOnce(name)) setFailed(true);
      },
    );
    return () => {
      left = true;
    };
  }, [at.page]);

  const place = placeOf(at);
  useEffect(() => {
    if (shown?.name !== nameOf(at)) return;
    // Who follows a link by keyboard or hears the page is taken to the new one; at the first load the browser does that.
    if (before.current !== null && before.current !== place) {
      requestAnimationFrame(() => document.getElementById("page-title")?.focus({ preventScroll: true }));
      scrollTo(0, 0);
    }
    before.current = place;
  }, [place, shown?.name]);

  if (at.page === "unknown") {
    return (
      <>
        <PageHead title="No such page" />
        <Empty title="This address leads nowhere">
          <a href="#/live">Go to Live</a>
        </Empty>
      </>
    );
  }
  if (failed) return <ErrorBox problem={FILE_GONE} retry={() => location.reload()} />;
  if (shown === null || shown.name !== nameOf(at)) return <Loading rows={6} />;
  return <shown.Page key={place} route={at} />;
}

/** The inbox and one question are one page: the list stays where it is. */
function nameOf(at: Route): string {
  return at.page === "approval" ? "approvals" : at.page;
}

/** What makes it another page: not tabs and searches. */
function placeOf(at: Route): string {
  switch (at.page) {
    case "agent":
      return `agent/${at.id}`;
    case "entry":
      return `entry/${at.index}`;
    case "policy":
      return `policy/${at.agent ?? ""}`;
    default:
      return nameOf(at);
  }
}
