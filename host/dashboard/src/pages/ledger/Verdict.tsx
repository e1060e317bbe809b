/** The result of checking a receipt, in plain words: what was checked, with whose key, and what that does not show. */
import type { JSX } from "preact";
import { Icon } from "../../components/icons";
import { Text } from "../../components/Text";
import { count } from "../../lib/format";
import { places } from "./KeyChanges";
import type { Checked, KeySource } from "./receipts";
import type { KeyChange } from "./rotation";

export function ReceiptVerdict({ checked }: { checked: Checked }): JSX.Element {
  if (!checked.ok) {
    return (
      <div class="note note-deny" role="alert">
        <p class="row strong">
          <Icon name="cross" /> Refused: this receipt proves nothing
        </p>
        <p>
          <Text of={checked.error} most={400} />
        </p>
        <p class="muted small">Something in it was changed, or another key signed it. Do not rely on what it says.</p>
      </div>
    );
  }
  const { proven, source, changes } = checked;
  return (
    <div class="note note-allow" role="status">
      <p class="row strong">
        <Icon name="check" /> Verified in this page
      </p>
      <ul class="checked small">
        <li>The bytes of the entry give the leaf at place {count(proven.index)}.</li>
        <li>That leaf is in the tree of {count(proven.size)} entries whose root was signed.</li>
        <li>
          The signature is by <code>{proven.key.slice(0, 160)}</code>, {whose(source, changes)}, for the ledger{" "}
          <Text class="mono" of={proven.origin} most={120} />.
        </li>
        {changes.length > 0 && (
          <li>
            The ledger's key changed {places(changes)}, and the old key signed that, so {source === "pinned" ? "your key" : "the daemon's key"} vouches for this one.
          </li>
        )}
      </ul>
      <p class="muted small">
        {source === "pinned"
          ? "So nobody without the private key of that ledger has changed this entry. It does not say that what the entry tells was right."
          : "So the entry agrees with what this daemon signs. To be sure that it is the daemon that you mean, pin a key that was kept elsewhere."}
      </p>
    </div>
  );
}

function whose(source: KeySource, changes: KeyChange[]): string {
  const own = source === "pinned" ? "a key that you gave" : "the key that the daemon gives";
  return changes.length === 0 ? own : `a key of the same ledger as ${own}`;
}
