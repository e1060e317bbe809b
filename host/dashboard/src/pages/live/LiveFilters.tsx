/** Which events are shown. Filters are of this page alone: the stream goes on with everything, so they can be taken back. */
import type { JSX } from "preact";
import { useId, useState } from "preact/hooks";
import { Button } from "../../components/Button";
import { log, redraw } from "./feed";
import { everything, type Filter } from "./log";
import { LAYERS } from "./event";

export function LiveFilters(): JSX.Element {
  const [filter, setFilter] = useState(log.filter);
  const change = (part: Partial<Filter>): void => {
    const next = { ...filter, ...part };
    setFilter(next);
    log.setFilter(next);
    redraw();
  };
  const any = Object.values(filter).some((value) => value !== "");
  return (
    <div class="live-filters" role="search" aria-label="Filter events">
      <Choice name="Verdict" value={filter.decision} options={["allow", "escalate", "deny", "other"]} change={(decision) => change({ decision })} />
      <Choice name="Layer" value={filter.layer} options={LAYERS} change={(layer) => change({ layer })} />
      <Part name="Agent" value={filter.agent} change={(agent) => change({ agent })} />
      <Part name="Tool" value={filter.tool} change={(tool) => change({ tool })} />
      <span class={any ? "" : "gone-quietly"}>
        <Button kind="quiet" icon="cross" label="Clear filters" disabled={!any} onClick={() => change(everything)} />
      </span>
    </div>
  );
}

function Choice({ name, value, options, change }: { name: string; value: string; options: readonly string[]; change: (value: string) => void }): JSX.Element {
  const id = useId();
  return (
    <span class="live-filter">
      <label class="visually-hidden" for={id}>
        {name}
      </label>
      <select id={id} value={value} onChange={(event) => change(event.currentTarget.value)}>
        <option value="">{`Every ${name.toLowerCase()}`}</option>
        {options.map((option) => (
          <option key={option} value={option}>
            {option === "other" ? "no verdict" : option}
          </option>
        ))}
      </select>
    </span>
  );
}

function Part({ name, value, change }: { name: string; value: string; change: (value: string) => void }): JSX.Element {
  return (
    <label class="live-filter">
      <span class="visually-hidden">{name} contains</span>
      <input type="search" placeholder={name} size={10} value={value} spellcheck={false} autocomplete="off" onInput={(event) => change(event.currentTarget.value)} />
    </label>
  );
}
