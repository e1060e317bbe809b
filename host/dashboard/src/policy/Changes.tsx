/** The calls whose decision changes, by kind of change; each opens to both explanations. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Policy } from "@sentinel/policy";
import { Button } from "../components/Button";
import { Empty } from "../components/states";
import { Text } from "../components/Text";
import { summary } from "../playground/call";
import { Outcome as Word, type RulePlace } from "../verdict";
import { Compare } from "./Compare";
import { isUnfaithful, KINDS, kindOf, sortChanges, type Kind, type Outcome } from "./replay";

const PAGE = 100;

interface Props {
  outcomes: readonly Outcome[];
  draft: Policy;
  current: Policy | null;
  onRule: (rule: RulePlace) => void;
}

export function Changes({ outcomes, draft, current, onRule }: Props): JSX.Element {
  const [kind, setKind] = useState<Kind | "all" | "same">("all");
  const [search, setSearch] = useState("");
  const [shown, setShown] = useState(PAGE);
  const [open, setOpen] = useState<number | null>(null);
  const changed = outcomes.filter((one) => kindOf(one) !== null);
  const counts = new Map(KINDS.map((own) => [own, changed.filter((one) => kindOf(one) === own).length]));
  const wanted = search.trim().toLowerCase();
  const list = sortChanges(kind === "same" ? outcomes.filter((one) => kindOf(one) === null) : kind === "all" ? changed : changed.filter((one) => kindOf(one) === kind)).filter(
    (one) => wanted === "" || one.call.toLowerCase().includes(wanted),
  );
  const at = open === null ? -1 : list.findIndex((one) => one.recorded.index === open);
  return (
    <>
      <p class="pol-sum">
        {changed.length === 0 ? (
          <>
            <strong>No decision changes.</strong> {outcomes.length} recorded calls get the same one.
          </>
        ) : (
          <>
            <strong class="num">{changed.length}</strong> of {outcomes.length} recorded calls get another decision.
          </>
        )}
      </p>
      <Caveats outcomes={outcomes} current={current} />
      <div class="pol-row" role="group" aria-label="Which calls">
        <Button pressed={kind === "all"} onClick={() => setKind("all")}>
          All changes {changed.length}
        </Button>
        {KINDS.filter((own) => (counts.get(own) ?? 0) > 0).map((own) => (
          <Button key={own} pressed={kind === own} onClick={() => setKind(own)}>
            {own.replace("→", " → ")} {counts.get(own)}
          </Button>
        ))}
        <Button pressed={kind === "same"} onClick={() => setKind("same")}>
          Unchanged {outcomes.length - changed.length}
        </Button>
        <input class="pol-search" type="search" placeholder="Search calls" aria-label="Search calls" value={search} onInput={(event) => setSearch(event.currentTarget.value)} />
      </div>
      {list.length === 0 ? (
        <Empty title={wanted === "" ? "Nothing of this kind" : "No call has this text"} />
      ) : (
        <ol class="pol-changes" aria-label="Calls">
          {list.slice(0, shown).map((one) => (
            <ChangeRow key={one.recorded.index} outcome={one} onOpen={() => setOpen(one.recorded.index)} />
          ))}
        </ol>
      )}
      {at !== -1 && <Compare outcomes={list} at={at} draft={draft} current={current} onMove={(to) => setOpen(list[to]?.recorded.index ?? null)} onClose={() => setOpen(null)} onRule={onRule} />}
      {list.length > shown && <Button onClick={() => setShown(shown + PAGE)}>Show {Math.min(PAGE, list.length - shown)} more</Button>}
    </>
  );
}

/** What the recording cannot tell, in numbers. */
function Caveats({ outcomes, current }: { outcomes: readonly Outcome[]; current: Policy | null }): JSX.Element | null {
  const redacted = outcomes.filter((one) => one.recorded.redacted).length;
  const unfaithful = outcomes.filter((one) => isUnfaithful(one, current?.digest ?? null)).length;
  return (
    <details class="small muted pol-caveats">
      <summary>
        What a replay does not know{redacted > 0 && `: ${redacted} with hidden arguments`}
        {unfaithful > 0 && `${redacted > 0 ? "," : ":"} ${unfaithful} decided otherwise then`}
      </summary>
      <ul>
        <li>Secrets and redacted fields were hidden before they were recorded: {redacted === 0 ? "no call here has any" : `${redacted} of these calls have some, and are decided with “[redacted]” in their place`}.</li>
        <li>Meters are fresh for each call, and nobody's answer is known: a call that a budget denied, or a person approved, is decided by the policy alone. {unfaithful > 0 && `${unfaithful} calls got another decision then, under the same policy.`}</li>
        <li>Links in the file system are not followed.</li>
      </ul>
    </details>
  );
}

function ChangeRow({ outcome, onOpen }: { outcome: Outcome; onOpen: () => void }): JSX.Element {
  const { before, after, call } = outcome;
  const { tool, what } = summary(call);
  return (
    <li class="pol-change">
      <button type="button" class="pol-change-head" aria-haspopup="dialog" onClick={onOpen}>
        <span class="pol-change-words">
          <Word outcome={before?.decision ?? "deny"} /> <span aria-hidden="true">→</span>
          <span class="visually-hidden">becomes</span> <Word outcome={after.decision} />
        </span>
        <span class="pol-change-tool small cut">
          <Text of={tool} most={40} />
        </span>
        <code class="pol-change-what cut">
          <Text of={what} most={200} />
        </code>
      </button>
    </li>
  );
}
