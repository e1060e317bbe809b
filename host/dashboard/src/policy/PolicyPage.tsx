/** Policies: choose an agent, see what governs it, try a change on what it did, let it govern. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { useQuery } from "../api/query";
import { Button } from "../components/Button";
import { Dialog } from "../components/Dialog";
import { PageHead, useTitle } from "../components/Panel";
import { Empty, Loaded } from "../components/states";
import { startEngine } from "../lib/engine";
import type { Route } from "../lib/route";
import { go } from "../lib/router";
import { AgentPolicy } from "./AgentPolicy";
import { drafted } from "./drafts";
import { allAgents } from "./requests";
import "./policy.css";

const AGENT_ID = /^(?!.*\.\.)[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

export default function PolicyPage({ route }: { route: Route }): JSX.Element {
  const agent = route.page === "policy" ? route.agent : null;
  useTitle(agent === null ? "Policy" : `Policy of ${agent}`);
  useEffect(() => void startEngine(), []);
  const list = useQuery("agents", (signal) => allAgents(signal));
  const known = list.data?.filter((one) => one.revision !== null).map((one) => one.agentId) ?? [];
  const names = [...new Set([...known, ...drafted.value, ...(agent === null ? [] : [agent])])].sort();
  // With one agent there is nothing to choose.
  useEffect(() => {
    const only = known[0];
    if (agent === null && known.length === 1 && only !== undefined) go({ page: "policy", agent: only });
  }, [agent, known.length]);
  return (
    <>
      <PageHead title="Policy">
        <AgentChoice names={names} agent={agent} />
        <NewAgent />
      </PageHead>
      {agent === null ? (
        <Loaded query={list}>
          {() => <Empty title={names.length === 0 ? "No agent has a policy yet" : "Choose an agent"}>{names.length === 0 ? "An agent without a policy is denied everything. Write its first one with “New agent”." : "Its policy, its history and what a change would do are shown here."}</Empty>}
        </Loaded>
      ) : AGENT_ID.test(agent) ? (
        <AgentPolicy key={agent} agent={agent} />
      ) : (
        <Empty title="This is no name of an agent">Names have 1 to 64 letters, digits, dots, hyphens and underscores.</Empty>
      )}
    </>
  );
}

function AgentChoice({ names, agent }: { names: readonly string[]; agent: string | null }): JSX.Element {
  const drafts = new Set(drafted.value);
  return (
    <select class="pol-agent" aria-label="Agent" value={agent ?? ""} onChange={(event) => event.currentTarget.value !== "" && go({ page: "policy", agent: event.currentTarget.value })}>
      <option value="">Choose an agent …</option>
      {names.map((name) => (
        <option key={name} value={name}>
          {name}
          {drafts.has(name) ? " (draft)" : ""}
        </option>
      ))}
    </select>
  );
}

function NewAgent(): JSX.Element {
  const [open, setOpen] = useState(false);
  const [name, setName] = useState("");
  const good = AGENT_ID.test(name);
  const begin = (): void => {
    if (!good) return;
    setOpen(false);
    go({ page: "policy", agent: name });
  };
  return (
    <>
      <Button kind="quiet" onClick={() => setOpen(true)}>
        New agent
      </Button>
      <Dialog
        title="A policy for a new agent"
        open={open}
        close={() => setOpen(false)}
        actions={
          <>
            <Button onClick={() => setOpen(false)}>Cancel</Button>
            <Button kind="primary" disabled={!good} onClick={begin}>
              Begin
            </Button>
          </>
        }
      >
        <label class="field">
          <span>Name of the agent</span>
          <input value={name} spellcheck={false} aria-invalid={name !== "" && !good} onInput={(event) => setName(event.currentTarget.value)} onKeyDown={(event) => event.key === "Enter" && begin()} />
        </label>
        <p class="small muted">As its calls have it in “agentId”: letters, digits, dots, hyphens and underscores. Nothing governs it until you deploy.</p>
      </Dialog>
    </>
  );
}
