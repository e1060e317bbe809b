/**
 * The inbox: what waits at the left, one question at the right. The question that is open stays open whatever comes,
 * so that a button never means another call than the one that was read.
 */
import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { approval, approvals } from "../../api/calls";
import { noAnswer } from "../../api/problem";
import { useQuery } from "../../api/query";
import { may } from "../../api/session";
import type { Approval } from "../../api/types";
import { Button } from "../../components/Button";
import { PageHead, useTitle } from "../../components/Panel";
import { Empty, ErrorBox, Loaded, Loading } from "../../components/states";
import { startEngine } from "../../lib/engine";
import { href, type Route } from "../../lib/route";
import { Question } from "./Question";
import { QuestionList } from "./QuestionList";
import { setSound, sound } from "./sound";
import { inbox } from "./waiting";
import "./approvals.css";

const wide = matchMedia("(min-width: 64.01rem)");

export default function ApprovalsPage({ route }: { route: Route }): JSX.Element {
  useTitle("Approvals");
  useEffect(() => void startEngine(), []);
  const allowed = may("approve") || may("audit");
  const [tab, setTab] = useState<"open" | "all">("open");
  const [opened, setOpened] = useState<string | null>(null);
  useEffect(() => {
    if (route.page === "approvals") {
      setTab(route.tab);
      setOpened(null);
    }
  }, [route]);

  const list = inbox.value;
  const pending = (list?.data?.approvals ?? []).filter((one) => one.status === "pending").sort(byEnd);
  const first = pending[0]?.id ?? null;
  // On a wide screen the most urgent question is open at once, and stays so.
  useEffect(() => {
    if (route.page === "approvals" && tab === "open" && opened === null && first !== null && wide.matches) setOpened(first);
  }, [route, tab, opened, first]);

  if (!allowed) {
    return (
      <>
        <PageHead title="Approvals" />
        <ErrorBox problem={{ ...noAnswer(false), kind: "forbidden", title: "Not for this credential", next: "Questions are shown to the roles approve and audit." }} />
      </>
    );
  }
  const chosen = route.page === "approval" ? route.id : opened;
  return (
    <div class={`inbox${route.page === "approval" ? " inbox-one" : ""}`}>
      <PageHead title="Approvals">
        <Button kind="quiet" icon={sound.value ? "bell" : "mute"} pressed={sound.value} onClick={() => setSound(!sound.value)} title="A soft sound for each new question">
          Sound
        </Button>
      </PageHead>
      <div class="inbox-list">
        <nav class="tabs" aria-label="Which questions">
          <a class="tab" href={href({ page: "approvals", tab: "open" })} aria-current={tab === "open" ? "page" : undefined}>
            Waiting{pending.length > 0 && <span class="num"> {pending.length}</span>}
          </a>
          <a class="tab" href={href({ page: "approvals", tab: "all" })} aria-current={tab === "all" ? "page" : undefined}>
            Answered and expired
          </a>
        </nav>
        {tab === "open" ? (
          list === null ? (
            <Loading rows={4} />
          ) : (
            <Loaded query={list}>{(data) => <Open questions={data.approvals} pending={pending} chosen={chosen} />}</Loaded>
          )
        ) : (
          <Past chosen={chosen} />
        )}
      </div>
      <div class="inbox-detail">{chosen === null ? <Choose none={first === null && list?.data !== null && list !== null} /> : <One key={chosen} id={chosen} byRoute={route.page === "approval"} />}</div>
    </div>
  );
}

function Open({ questions, pending, chosen }: { questions: Approval[]; pending: Approval[]; chosen: string | null }): JSX.Element {
  const approved = questions.filter((one) => one.status === "approved");
  return (
    <>
      {pending.length === 0 ? <Empty title="Nothing waits">New questions appear here by themselves.</Empty> : <QuestionList questions={pending} chosen={chosen} />}
      {approved.length > 0 && (
        <>
          <h2 class="inbox-group">Approved, not used yet</h2>
          <QuestionList questions={approved} chosen={chosen} />
        </>
      )}
    </>
  );
}

const PAGE = 200;

function Past({ chosen }: { chosen: string | null }): JSX.Element {
  const [after, setAfter] = useState<string | null>(null);
  const [earlier, setEarlier] = useState<Approval[]>([]);
  const query = useQuery(`past/${after ?? ""}`, (signal) => approvals({ status: "all", after, limit: PAGE }, signal));
  return (
    <Loaded query={query} rows={6}>
      {(data) => {
        const all = [...earlier, ...data.approvals];
        const past = all.filter((one) => one.status !== "pending");
        const last = data.approvals.at(-1);
        return (
          <>
            {past.length === 0 ? <Empty title="Nothing was asked yet">Answered and expired questions are kept here.</Empty> : <QuestionList questions={past} chosen={chosen} />}
            {data.approvals.length === PAGE && last !== undefined && (
              <p class="inbox-more">
                <Button
                  onClick={() => {
                    setEarlier(all);
                    setAfter(last.id);
                  }}
                >
                  Older
                </Button>
              </p>
            )}
          </>
        );
      }}
    </Loaded>
  );
}

function One({ id, byRoute }: { id: string; byRoute: boolean }): JSX.Element {
  const query = useQuery(`approval/${id}`, (signal) => approval(id, signal), 3_000);
  const title = useRef<HTMLHeadingElement>(null);
  const there = query.data !== null;
  useEffect(() => {
    if (byRoute && there) title.current?.focus({ preventScroll: true });
  }, [byRoute, there]);
  return <Loaded query={query}>{(data) => <Question approval={data} answered={query.set} refresh={query.refresh} title={title} />}</Loaded>;
}

function Choose({ none }: { none: boolean }): JSX.Element {
  return (
    <div class="panel inbox-choose">
      {none ? <Empty title="Nobody has to decide anything">Leave this page open: the title of the window counts what waits.</Empty> : <Empty title="Choose a question" />}
    </div>
  );
}

function byEnd(one: Approval, other: Approval): number {
  return one.expiresAt < other.expiresAt ? -1 : one.expiresAt > other.expiresAt ? 1 : 0;
}
