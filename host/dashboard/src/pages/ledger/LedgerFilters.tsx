/** Which entries: of whom, of which kind, with which verdict. They are in the address, so that a search can be sent. */
import type { JSX } from "preact";
import { useEffect, useState } from "preact/hooks";
import { OTHER_KINDS } from "../live/event";
import type { Search } from "./search";

export function LedgerFilters({ search, change }: { search: Search; change: (part: Partial<Search>) => void }): JSX.Element {
  const [agent, setAgent] = useState(search.agent);
  useEffect(() => setAgent(search.agent), [search.agent]);
  return (
    <form
      class="ledger-filters"
      role="search"
      aria-label="Search entries"
      onSubmit={(event) => {
        event.preventDefault();
        change({ agent: agent.trim() });
      }}
    >
      <label>
        <span class="visually-hidden">Agent</span>
        <input type="search" placeholder="Agent, whole name" value={agent} onInput={(event) => setAgent(event.currentTarget.value)} onChange={() => change({ agent: agent.trim() })} spellcheck={false} autocomplete="off" />
      </label>
      <Choice name="Kind" every="Every kind" value={search.kind} options={["verdict", ...OTHER_KINDS]} change={(kind) => change({ kind })} />
      <Choice name="Verdict" every="Every verdict" value={search.decision} options={["allow", "escalate", "deny"]} change={(decision) => change({ decision })} />
    </form>
  );
}

function Choice({ name, every, value, options, change }: { name: string; every: string; value: string; options: string[]; change: (value: string) => void }): JSX.Element {
  return (
    <label>
      <span class="visually-hidden">{name}</span>
      <select value={value} onChange={(event) => change(event.currentTarget.value)}>
        <option value="">{every}</option>
        {options.map((option) => (
          <option key={option} value={option}>
            {option}
          </option>
        ))}
      </select>
    </label>
  );
}
