/** One recorded call under both policies, side by side: what governs, and the draft. */
import type { JSX } from "preact";
import { useEffect, useMemo, useRef } from "preact/hooks";
import type { Policy } from "@sentinel/policy";
import { Button } from "../components/Button";
import { Text } from "../components/Text";
import { Time } from "../components/Time";
import { toast } from "../components/Toast";
import { href } from "../lib/route";
import { pack } from "../playground/share";
import { Marked, VerdictView, type RulePlace } from "../verdict";
import { subjectOf } from "../verdict/subject";
import type { Outcome } from "./replay";

interface Props {
  outcomes: readonly Outcome[];
  at: number;
  draft: Policy;
  current: Policy | null;
  onMove: (to: number) => void;
  onClose: () => void;
  onRule: (rule: RulePlace) => void;
}

export function Compare({ outcomes, at, draft, current, onMove, onClose, onRule }: Props): JSX.Element | null {
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const dialog = element.current;
    const before = document.activeElement;
    dialog?.showModal();
    return () => {
      dialog?.close();
      if (before instanceof HTMLElement) before.focus();
    };
  }, []);
  const outcome = outcomes[at];
  if (outcome === undefined) return null;
  const { recorded, call } = outcome;
  return (
    <dialog
      ref={element}
      class="dialog pol-compare"
      aria-labelledby="compare-title"
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
    >
      <header class="pol-row">
        <h2 id="compare-title">
          <Text of={recorded.toolName} most={60} />
        </h2>
        <span class="small muted grow">
          <a href={href({ page: "entry", index: recorded.index })}>Entry {recorded.index}</a> · <Time at={recorded.at} as="stamp" /> · then: <Text of={recorded.decision} most={20} /> ({recorded.code}){recorded.redacted && " · has hidden arguments"}
        </span>
        <Button icon="left" label="The call before" disabled={at === 0} onClick={() => onMove(at - 1)} />
        <span class="small muted num">
          {at + 1} of {outcomes.length}
        </span>
        <Button icon="right" label="The call after" disabled={at + 1 >= outcomes.length} onClick={() => onMove(at + 1)} />
        <Button kind="quiet" icon="playground" onClick={() => void inPlayground(draft, call)} title="Opens the draft and this call in the playground, in a new tab">
          Try
        </Button>
        <Button onClick={onClose}>Close</Button>
      </header>
      <CallText key={recorded.index} call={call} policy={draft} />
      <div class="pol-both">
        <Side title="What governs" policy={current} call={call} />
        <Side
          title="The draft"
          policy={draft}
          call={call}
          onRule={(rule) => {
            onClose();
            // The editor takes the focus after the dialog gave it back.
            setTimeout(() => onRule(rule), 0);
          }}
        />
      </div>
    </dialog>
  );
}

async function inPlayground(draft: Policy, call: string): Promise<void> {
  // Opened at once, for browsers let only a click open a tab; it has no way back to this page.
  const tab = window.open("about:blank", "_blank");
  const packed = await pack({
    policy: draft.document,
    notation: draft.document.trimStart().startsWith("{") ? "json" : "yaml",
    tab: "call",
    call: JSON.stringify(JSON.parse(call), null, 2),
    calls: [call],
    environment: "",
  });
  if (tab === null) return;
  tab.opener = null;
  if (packed.ok && packed.fragment !== undefined) tab.location.replace(new URL(`./playground/#${packed.fragment}`, location.href));
  else {
    tab.close();
    toast(packed.ok ? "The browser could not pack it." : packed.why, "deny");
  }
}

function CallText({ call, policy }: { call: string; policy: Policy }): JSX.Element | null {
  const subject = useMemo(() => subjectOf(call, policy.explain(call)), [call, policy]);
  return subject === null ? null : <Marked text={subject.text} marks={[]} label={subject.title} />;
}

function Side({ title, policy, call, onRule }: { title: string; policy: Policy | null; call: string; onRule?: (rule: RulePlace) => void }): JSX.Element {
  const explanation = useMemo(() => policy?.explain(call) ?? null, [policy, call]);
  return (
    <section>
      <h3>{title}</h3>
      {explanation === null ? (
        <p class="note note-deny">No policy governs, so the call is denied.</p>
      ) : (
        <VerdictView verdict={explanation.verdict} explanation={explanation} call={call} {...(onRule === undefined ? {} : { onRule })} />
      )}
    </section>
  );
}
