/** The draft: its text, what the engine says of it, and the way to let it govern. */
import type { JSX, RefObject } from "preact";
import { useState } from "preact/hooks";
import type { Diagnostic, Policy } from "@sentinel/policy";
import { may, onlyLooks } from "../api/session";
import type { PolicyDocument } from "../api/types";
import { Badge } from "../components/Badge";
import { Button } from "../components/Button";
import { Text } from "../components/Text";
import { Time } from "../components/Time";
import { Diagnostics } from "../editor/Diagnostics";
import { PolicyEditor, type EditorHandle } from "../editor/PolicyEditor";
import type { Notation } from "../editor/place";
import { engine, engineError } from "../lib/engine";
import { DeployDialog } from "./DeployDialog";
import { compareVersions, nextVersion, withVersion } from "./version";

/** A policy that somebody deployed meanwhile; null in it where they removed it. */
export interface Newer {
  readonly policy: PolicyDocument | null;
  readonly adopt: () => void;
}

interface Props {
  agent: string;
  now: PolicyDocument | null;
  newer: Newer | null;
  text: string;
  notation: Notation;
  dirty: boolean;
  stored: boolean;
  /** Another policy governs than when the draft was begun. */
  stale: boolean;
  policy: Policy | null;
  diagnostics: readonly Diagnostic[];
  editor: RefObject<EditorHandle | null>;
  onText: (text: string) => void;
  onNotation: (notation: Notation) => void;
  onDiscard: () => void;
  onDeployed: () => void;
  /** Another policy governs than the page knows. */
  onChanged: () => void;
}

export function DraftPane(props: Props): JSX.Element {
  const { agent, now, text, notation, dirty, policy, diagnostics, editor } = props;
  const [deploying, setDeploying] = useState(false);
  const admin = may("admin");
  const looks = onlyLooks.value;
  const old = now !== null && policy !== null && dirty && compareVersions(policy.version, now.version) <= 0;
  const raised = old && now !== null ? withVersion(text, notation, nextVersion(now.version)) : null;
  const otherAgent = policy !== null && policy.agentId !== agent;
  const blocked = !admin ? "Only the role admin deploys." : looks ? "Sign in again to deploy." : !dirty ? "Nothing changed." : policy === null ? "The draft has errors." : otherAgent ? "The draft is for another agent." : undefined;
  return (
    <section class="panel pol-draft" aria-labelledby="draft-title">
      <header class="panel-head">
        <h2 id="draft-title">
          {dirty ? "Draft" : "What governs"} <span class="muted">{policy !== null && <Text of={policy.version} most={40} />}</span>
        </h2>
        <div class="panel-aside">
          <label class="field-line">
            <span class="visually-hidden">Notation</span>
            <select value={notation} onChange={(event) => props.onNotation(event.currentTarget.value === "json" ? "json" : "yaml")}>
              <option value="yaml">YAML</option>
              <option value="json">JSON</option>
            </select>
          </label>
          <Button kind="quiet" disabled={!dirty} onClick={props.onDiscard}>
            Discard draft
          </Button>
          <Button kind="primary" disabled={blocked !== undefined} {...(blocked === undefined ? {} : { title: blocked })} onClick={() => setDeploying(true)}>
            Deploy …
          </Button>
        </div>
      </header>
      <p class="pol-state small">
        {now === null ? (
          <Badge tone="deny">no policy governs: every call is denied</Badge>
        ) : (
          <>
            <Badge tone="info">revision {now.revision} governs</Badge>
            <span class="muted">
              version <Text of={now.version} most={40} />, by <Text of={now.deployedBy} most={60} /> <Time at={now.deployedAt} />
            </span>
          </>
        )}
        {dirty && <span class="muted">{props.stored ? "The draft is kept in this browser." : "This browser keeps nothing: the draft is lost when the page closes."}</span>}
        {!admin && <span class="muted">Your credential can try drafts, not deploy them.</span>}
      </p>
      {props.stale && <p class="note note-escalate pol-note">Another policy governs than when this draft was begun. Compare the texts before you deploy.</p>}
      {props.newer !== null && (
        <p class="note note-escalate pol-note" role="status">
          {props.newer.policy === null ? (
            "The policy was removed meanwhile."
          ) : (
            <>
              Meanwhile <Text of={props.newer.policy.deployedBy} most={60} /> deployed revision {props.newer.policy.revision}, version <Text of={props.newer.policy.version} most={40} />.
            </>
          )}{" "}
          <button type="button" class="link" onClick={props.newer.adopt}>
            Compare the draft with what governs now
          </button>
        </p>
      )}
      {otherAgent && policy !== null && (
        <p class="note note-deny pol-note">
          The draft says it is for <Text of={policy.agentId} most={80} />. Open that agent, or correct “agentId”.
        </p>
      )}
      {old && (
        <p class="note note-escalate pol-note">
          Version {policy?.version} is not newer than {now?.version}, which governs.{" "}
          {raised !== null && (
            <button type="button" class="link" onClick={() => props.onText(raised)}>
              Raise it to {nextVersion(now?.version ?? "")}
            </button>
          )}
        </p>
      )}
      <div class="pol-editor">
        <PolicyEditor text={text} notation={notation} label={`Policy of ${agent}`} diagnostics={diagnostics} handle={editor} onChange={props.onText} />
      </div>
      {engine.value === "failed" ? (
        <p class="note note-deny">The engine could not start: {engineError.value} The daemon still checks what is deployed.</p>
      ) : (
        <Diagnostics diagnostics={diagnostics} ready={engine.value === "ready"} onGo={(one) => editor.current?.show(one.range.start, one.range.end, true)} />
      )}
      {deploying && policy !== null && (
        <DeployDialog agent={agent} now={now} text={text} notation={notation} policy={policy} close={() => setDeploying(false)} onText={props.onText} onDeployed={props.onDeployed} onChanged={props.onChanged} />
      )}
    </section>
  );
}
