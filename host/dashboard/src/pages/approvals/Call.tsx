/** The call itself: readable, as the commands that would run, and byte for byte with its digest. */
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Approval, Json } from "../../api/types";
import { Icon } from "../../components/icons";
import { Panel } from "../../components/Panel";
import { Block, Text } from "../../components/Text";
import { size } from "../../lib/format";
import { CommandTree, Marked } from "../../verdict";
import { subjectOf } from "../../verdict/subject";
import "../../verdict/verdict.css";
import { type Exact, obstacle } from "./exact";
import { type Explained, useExplained } from "./explained";

/** All of it: the daemon asks nobody about more than 64 KiB. */
const EXACT_MOST = 70_000;

export function Call({ approval, exact }: { approval: Approval; exact: Exact }): JSX.Element {
  const text = exact.state === "equal" ? exact.text : null;
  const explained = useExplained(approval.agentId, approval.policyDigest, text);
  return (
    <>
      {text !== null && explained !== null && <Commands text={text} explained={explained} />}
      {exact.state === "equal" && exact.call !== null && <Input call={exact.call} />}
      <Panel title="Exact bytes" aside={exact.state === "equal" || exact.state === "differs" ? size(new TextEncoder().encode(exact.text).length) : undefined}>
        <div class="stack">
          {(exact.state === "equal" || exact.state === "differs") && <Block of={exact.text} most={EXACT_MOST} label="The exact call, unprintable characters escaped and marked" />}
          <Digest exact={exact} settled={approval.status !== "pending"} />
        </div>
      </Panel>
    </>
  );
}

/** The command with the part that raised it, and every command in it. Choosing one marks where it stands. */
function Commands({ text, explained }: { text: string; explained: Explained }): JSX.Element | null {
  const [chosen, setChosen] = useState<{ start: number; end: number } | null>(null);
  const { explanation, byPolicy } = explained;
  const subject = subjectOf(text, explanation);
  if (explanation.commands === null || explanation.commands.length === 0) return null;
  return (
    <Panel title="What would run">
      <div class="stack">
        {subject !== null && subject.title === "Command" && <Marked text={subject.text} marks={byPolicy ? subject.marks : []} chosen={chosen} label="The command" />}
        <CommandTree nodes={explanation.commands} reasons={byPolicy ? explanation.reasons : []} onChoose={setChosen} />
      </div>
    </Panel>
  );
}

function Digest({ exact, settled }: { exact: Exact; settled: boolean }): JSX.Element {
  if (exact.state === "equal") {
    return (
      <p class="digest digest-equal">
        <Icon name="check" />
        <span>
          <span class="strong">These are the bytes.</span> Hashed in this page by the engine, they give the digest that the question is bound to:{" "}
          <code class="digest-code">{exact.digest}</code>
        </span>
      </p>
    );
  }
  if (exact.state === "differs") {
    return (
      <div class="note note-deny" role="alert">
        <p class="strong">These are not the bytes that the question is about.</p>
        <p>{obstacle(exact)}</p>
        <p class="xs">
          Here <code class="digest-code">{exact.digest}</code>
          <br />
          Daemon <code class="digest-code">{exact.expected}</code>
        </p>
      </div>
    );
  }
  if (exact.state === "missing" && settled) {
    return <p class="muted">The exact call is kept only while something can still become of the question. Its redacted form is in the ledger.</p>;
  }
  return (
    <p class={exact.state === "checking" ? "muted" : "note note-deny"} role="status">
      {obstacle(exact)}
    </p>
  );
}

function Input({ call }: { call: { [key: string]: Json } }): JSX.Element | null {
  const input = call["toolInput"];
  const rows = typeof input === "object" && input !== null && !Array.isArray(input) ? Object.entries(input) : [];
  const around = Object.entries(call).filter(([name]) => !["agentId", "toolName", "toolInput"].includes(name));
  if (rows.length === 0 && around.length === 0) return null;
  return (
    <Panel title="Read as">
      <dl class="facts input">
        {rows.map(([name, value]) => (
          <Field key={`i-${name}`} name={name} value={value} />
        ))}
        {around.map(([name, value]) => (
          <Field key={`a-${name}`} name={name} value={value} quiet />
        ))}
      </dl>
    </Panel>
  );
}

const INLINE_MOST = 160;

function Field({ name, value, quiet = false }: { name: string; value: Json; quiet?: boolean }): JSX.Element {
  const text = typeof value === "string" ? value : JSON.stringify(value, null, typeof value === "object" ? 2 : 0);
  const long = text.length > INLINE_MOST || text.includes("\n");
  return (
    <div class={quiet ? "muted" : ""}>
      <dt>
        <Text of={name} most={80} />
      </dt>
      <dd class="mono">{long ? <Block of={text} most={4_000} label={`The field ${name.slice(0, 80)}`} /> : <Text of={text} most={INLINE_MOST} />}</dd>
    </div>
  );
}
