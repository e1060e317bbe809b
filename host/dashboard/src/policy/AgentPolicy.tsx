/** The policy of one agent: a draft at the left; at the right what it changes, and what was before. */
import type { JSX } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { compile, PolicyError, type Diagnostic, type Policy } from "@sentinel/policy";
import { policy as governing } from "../api/calls";
import { useQuery } from "../api/query";
import { may } from "../api/session";
import type { PolicyDocument } from "../api/types";
import { ErrorBox, Loading } from "../components/states";
import type { EditorHandle } from "../editor/PolicyEditor";
import type { Notation } from "../editor/place";
import { engine } from "../lib/engine";
import type { RulePlace } from "../verdict";
import { DecisionDiff } from "./DecisionDiff";
import { DraftPane, type Newer } from "./DraftPane";
import { dropDraft, firstPolicy, keepDraft, loadDraft, type Draft } from "./drafts";
import { HistoryPanel } from "./HistoryPanel";
import { history } from "./requests";
import { TextPanel } from "./TextPanel";

type Tab = "decisions" | "text" | "history";
const TABS: readonly (readonly [Tab, string])[] = [
  ["decisions", "Decisions"],
  ["text", "Text"],
  ["history", "History"],
];

const EVERY_MS = 30_000;

/** What a draft is compared with stays while there is one, whoever deploys meanwhile: the page says so, and goes on when asked to. */
export function AgentPolicy({ agent }: { agent: string }): JSX.Element {
  const query = useQuery(`policy/${agent}`, (signal) => governing(agent, signal), EVERY_MS);
  const [, draw] = useState(0);
  const held = useRef<{ policy: PolicyDocument | null } | null>(null);
  const draft = useRef<Draft | null>(null);
  /** This page itself changed what governs, so it goes along. */
  const follows = useRef(false);
  const none = query.problem?.kind === "not-found";
  if (query.data === null && !none && held.current === null) return query.problem === null ? <Loading rows={8} /> : <ErrorBox problem={query.problem} retry={query.refresh} />;
  const latest = none ? null : query.data;
  const moved = held.current !== null && latest?.digest !== held.current.policy?.digest;
  if (held.current === null || draft.current === null || (follows.current && moved)) held.current = { policy: latest };
  if (moved) follows.current = false;
  const now = held.current.policy;
  const adopt = (): void => {
    held.current = { policy: latest };
    draw((turn) => turn + 1);
  };
  const newer = latest?.digest === now?.digest ? null : { policy: latest, adopt };
  const follow = (): void => {
    follows.current = true;
    query.refresh();
  };
  return <Governed key={now?.digest ?? "none"} agent={agent} now={now} newer={newer} draft={draft} refresh={query.refresh} follow={follow} />;
}

interface GovernedProps {
  agent: string;
  now: PolicyDocument | null;
  newer: Newer | null;
  /** Null where nothing was changed. It outlives this page where the browser stores nothing. */
  draft: { current: Draft | null };
  refresh: () => void;
  /** After a change that was made here. */
  follow: () => void;
}

/** Another policy governs: the page begins anew, with the draft that is kept. */
function Governed({ agent, now, newer, draft, refresh, follow }: GovernedProps): JSX.Element {
  const kept = useMemo(() => loadDraft(agent) ?? draft.current, []);
  const start: Draft = kept ?? { text: now?.document ?? firstPolicy(agent), notation: now?.format ?? "yaml", base: now?.digest ?? null };
  const [text, setText] = useState(start.text);
  const [notation, setNotation] = useState<Notation>(start.notation);
  const [stored, setStored] = useState(true);
  const [tab, setTab] = useState<Tab>("decisions");
  const revisions = useQuery(may("audit") ? `history/${agent}/${now?.digest ?? ""}` : null, (signal) => history(agent, signal));
  const editor = useRef<EditorHandle>(null);
  const dirty = text !== (now?.document ?? "");
  draft.current = text === (now?.document ?? firstPolicy(agent)) ? null : { text, notation, base: start.base };

  const { policy, diagnostics } = useCompiled(text, notation);
  const current = useCompiled(now?.document ?? null, now?.format ?? "json").policy;

  useEffect(() => {
    if (text === (now?.document ?? firstPolicy(agent))) dropDraft(agent);
    else setStored(keepDraft(agent, { text, notation, base: start.base }));
  }, [text, notation]);
  useEffect(() => {
    if (!dirty || text === firstPolicy(agent)) return undefined;
    const ask = (event: BeforeUnloadEvent): void => event.preventDefault();
    addEventListener("beforeunload", ask);
    return () => removeEventListener("beforeunload", ask);
  }, [dirty, text]);

  const replace = (next: string, format: Notation): void => {
    setText(next);
    setNotation(format);
  };
  const onRule = (rule: RulePlace): void => {
    if (rule.range !== null) editor.current?.show(rule.range.start, rule.range.end, true);
  };
  const deployed = (): void => {
    dropDraft(agent);
    follow();
  };
  return (
    <div class="pol-page">
      <DraftPane
        agent={agent}
        now={now}
        newer={newer}
        text={text}
        notation={notation}
        dirty={dirty}
        stored={stored}
        stale={kept !== null && dirty && start.base !== (now?.digest ?? null)}
        policy={policy}
        diagnostics={diagnostics}
        editor={editor}
        onText={setText}
        onNotation={setNotation}
        onDiscard={() => {
          dropDraft(agent);
          replace(now?.document ?? firstPolicy(agent), now?.format ?? "yaml");
        }}
        onDeployed={deployed}
        onChanged={refresh}
      />
      <section class="panel pol-side" aria-label="What the draft changes">
        <div class="tabs pol-tabs" role="tablist" aria-label="What is shown">
          {TABS.map(([name, title]) => (
            <button key={name} type="button" role="tab" class="tab" id={`tab-${name}`} aria-selected={tab === name} aria-controls="pol-tab" tabIndex={tab === name ? 0 : -1} onClick={() => setTab(name)} onKeyDown={(event) => moveTab(event, name, setTab)}>
              {title}
            </button>
          ))}
        </div>
        <div class="pol-tab" id="pol-tab" role="tabpanel" aria-labelledby={`tab-${tab}`} tabIndex={0}>
          {tab === "decisions" && <DecisionDiff agent={agent} draft={policy} current={current} governs={now !== null} ready={engine.value} onRule={onRule} />}
          {tab === "text" && <TextPanel agent={agent} now={now} text={text} notation={notation} revisions={revisions.data?.revisions ?? []} />}
          {tab === "history" && <HistoryPanel agent={agent} now={now} query={revisions} onOpen={replace} onRolledBack={follow} onChanged={refresh} />}
        </div>
      </section>
    </div>
  );
}

function moveTab(event: KeyboardEvent, at: Tab, set: (tab: Tab) => void): void {
  const step = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
  if (step === 0) return;
  const index = TABS.findIndex(([name]) => name === at);
  const next = TABS[(index + step + TABS.length) % TABS.length];
  if (next === undefined) return;
  event.preventDefault();
  set(next[0]);
  document.getElementById(`tab-${next[0]}`)?.focus();
}

const PAUSE_MS = 150;

/** A text compiled a moment after it was typed. The policy lives as long as it is shown. */
function useCompiled(text: string | null, notation: Notation): { policy: Policy | null; diagnostics: readonly Diagnostic[] } {
  const [made, setMade] = useState<{ policy: Policy | null; diagnostics: readonly Diagnostic[] }>({ policy: null, diagnostics: [] });
  const first = useRef(true);
  const state = engine.value;
  useEffect(() => {
    if (state !== "ready" || text === null) return undefined;
    const make = (): void => {
      first.current = false;
      try {
        const policy = compile(text, { format: notation });
        setMade({ policy, diagnostics: policy.warnings });
      } catch (error) {
        setMade({ policy: null, diagnostics: error instanceof PolicyError ? error.diagnostics : [] });
      }
    };
    const timer = setTimeout(make, first.current ? 0 : PAUSE_MS);
    return () => clearTimeout(timer);
  }, [text, notation, state]);
  return made;
}
