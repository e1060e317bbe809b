/** A ledger whose key changed since this browser saw it last: proven, and yet for a person to find right or wrong. */
import type { JSX } from "preact";
import { Button } from "../../components/Button";
import { Icon } from "../../components/icons";
import { Text } from "../../components/Text";
import { count } from "../../lib/format";
import { href } from "../../lib/route";
import type { KeyChange } from "./rotation";
import type { Growth } from "./verify";

export function Rekeyed({ growth, again }: { growth: Extract<Growth, { state: "rekeyed" }>; again: () => void }): JSX.Element {
  const { changes, from, now } = growth;
  return (
    <div class="note note-escalate stack" role="status">
      <p class="another strong">
        <Icon name="hand" /> <span>The ledger's key changed {places(changes)}</span>
      </p>
      <ul class="checked small">
        {changes.map((change) => (
          <li key={change.index}>
            <a href={href({ page: "entry", index: change.index })}>Entry {count(change.index)}</a> names <Key line={change.newKey} />, signed by <Key line={change.oldKey} />.
          </li>
        ))}
        <li>
          The {count(from.size)} entries that this browser saw last, under the old key, are the beginning of these {count(now.size)}: none was changed, removed or put in between.
        </li>
      </ul>
      <p class="small">That is what <code>sentinel ledger rotate</code> leaves. If nobody meant to change the key, somebody else has the old one: find out who.</p>
      <p>
        <Button
          onClick={() => {
            growth.keep();
            again();
          }}
        >
          It is meant: know the new key
        </Button>
      </p>
    </div>
  );
}

/** The name and the fingerprint: the rest is as long as a line. */
function Key({ line }: { line: string }): JSX.Element {
  return <Text class="mono" of={line.split("+").slice(0, 2).join("+")} most={80} />;
}

/** `at entry 7`, `at the entries 7 and 9`. */
export function places(changes: readonly KeyChange[]): string {
  const all = changes.map((change) => count(change.index));
  const last = all.at(-1) ?? "";
  return all.length <= 1 ? `at entry ${last}` : `at the entries ${all.slice(0, -1).join(", ")} and ${last}`;
}
