/** One event. On a phone the same cells stand in two lines. */
import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { Badge, DecisionBadge } from "../../components/Badge";
import { Text } from "../../components/Text";
import { clock } from "../../lib/format";
import { href } from "../../lib/route";
import type { LiveEvent } from "./event";

const phone = matchMedia("(max-width: 44rem)");
/** Whether rows have two lines. */
export const narrow = signal(phone.matches);
phone.addEventListener("change", () => {
  narrow.value = phone.matches;
});

export function LiveRow({ event }: { event: LiveEvent | undefined }): JSX.Element | null {
  if (event === undefined) return null;
  if (event.kind === "dropped") {
    return (
      <span class="live-dropped" role="cell">
        {event.reason} <a href={href({ page: "ledger", query: `before=${event.index}` })}>Read them</a>
      </span>
    );
  }
  return (
    <>
      <span class="live-c live-c-time num" role="cell">
        {event.at === "" ? "" : clock(new Date(event.at))}
      </span>
      <span class="live-c live-c-verdict" role="cell">
        {event.decision === "" ? <Badge tone="plain">{event.kind}</Badge> : <DecisionBadge decision={event.decision} enforced={event.enforced} />}
      </span>
      <span class="live-c live-c-agent" role="cell">
        {event.agent !== "" && (
          <a href={href({ page: "agent", id: event.agent })}>
            <Text of={event.agent} most={64} />
          </a>
        )}
      </span>
      <span class="live-c live-c-tool mono" role="cell">
        <Text of={event.tool} most={80} />
      </span>
      <span class="live-c live-c-layer" role="cell">
        {event.layer}
      </span>
      <span class="live-c live-c-reason" role="cell">
        <Text of={event.reason} most={240} />
      </span>
      <span class="live-c live-c-entry num" role="cell">
        <a href={href({ page: "entry", index: event.index })} aria-label={`Entry ${event.index}`}>
          {event.index}
        </a>
      </span>
    </>
  );
}
