/** The call itself: readable, as the commands that would run, and byte for byte with its digest. */
import type { Explanation } from "@sentinel/policy";
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { Approval } from "../../api/types";
import { Icon } from "../../components/icons";
import { Panel } from "../../components/Panel";
import { Block, Text } from "../../components/Text";
import { size } from "../../lib/format";
import { indented } from "../../lib/indent";
import { type Member, textOf } from "../../lib/json";
import { CommandTree, Marked } from "../../verdict";
import { marksByPlace, subjectOf } from "../../verdict/subject";
import "../../verdict/verdict.css";
import { type Exact, obstacle, type Read } from "./exact";
import { reasonsIn, useExplanation } from "./explained";

/** All of it: the daemon asks nobody about more than 64 KiB. */
const EXACT_MOST = 70_000;

export function Call({ approval, exact }: { approval: Approval; exact: Exact }): JSX.Element {
  const text = exact.state === "equal" ? exact.text : null;
  const explanation = useExplanation(approval.agentId, approval.policyDigest, text);
  const shown = exact.state === "equal" || exact.state === "differs" || exact.state === "other" ? exact.text : null;
  return (
    <>
      <Panel title="Exact bytes" aside={shown === null ? undefined : size(new TextEncoder().encode(shown).length)}>
        <div class="stack">
          {shown !== null && <Block of={shown} most={EXACT_MOST} label="The exact call, unprintable characters escaped and marked" />}
          <Digest exact={exact} settled={approval.status !== "pending"} />
        </div>
      </Panel>
      {text !== null && explanation !== null && <Commands text={text} explanation={explanation} approval={approval} />}
      {exact.state === "equal" && <Input call={exact.call} />}
    </>
  );
}

/** The command with the parts that raised it, and every command in it. Choosing one marks where it stands. */
function Commands({ text, explanation, approval }: { text: string; explanation: Explanation; approval: Approval }): JSX.Element | null {
  const [chosen, setChosen] = useState<{ start: number; end: number } | null>(null);
  const found = subjectOf(text, explanation);
  const command = found?.title === "Command" ? found.text : null;
  const reasons = reasonsIn(approval, command ?? "");
  if (explanation.commands === null || explanation.commands.length === 0) return null;
  return (
    <Panel title="What would run">
      <div class="stack">
        {command !== null && <Marked text={command} marks={marksByPlace(command, reasons)} chosen={chosen} label="The command" />}
        <CommandTree nodes={explanation.commands} reasons={reasons} text={command} undecided onChoose={setChosen} />
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
  if (exact.state === "other") {
    return (
      <div class="note note-deny" role="alert">
        <p class="strong">These bytes are about something else than the question says.</p>
        <p>{obstacle(exact)}</p>
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

function Input({ call: { input, around } }: { call: Read }): JSX.Element | null {
  if (input.length === 0 && around.length === 0) return null;
  return (
    <Panel title="Read as" aside="Each value as it is written in the bytes">
      <dl class="facts input">
        {input.map((own, at) => (
          <Field key={`i-${at}`} {...own} />
        ))}
        {around.map((own, at) => (
          <Field key={`a-${at}`} {...own} quiet />
        ))}
      </dl>
    </Panel>
  );
}

const INLINE_MOST = 160;

/** A text stands in quotes, so that it is no number and no truth. */
function Field({ name, value, quiet = false }: Member & { quiet?: boolean }): JSX.Element {
  const text = textOf(value);
  const shown = text ?? indented(value);
  const long = shown.length > INLINE_MOST || shown.includes("\n");
  const quote = text === null ? "" : '"';
  return (
    <div class={quiet ? "input-around" : ""}>
      <dt>
        <Text of={name} most={80} />
      </dt>
      <dd class="mono">
        {long ? (
          <Block of={shown} most={4_000} label={`The field ${name.slice(0, 80)}${text === null ? "" : ", a text"}`} />
        ) : (
          <>
            <span class="muted">{quote}</span>
            <Text of={shown} most={INLINE_MOST} />
            <span class="muted">{quote}</span>
          </>
        )}
      </dd>
    </div>
  );
}
