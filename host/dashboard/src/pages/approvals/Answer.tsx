/**
 * Yes or no, with a note. A pointer that presses Approve has aimed at it; a key that was meant for something else
 * has not, so approving by keyboard takes two presses. A no needs one, and no proof of the bytes: it harms nobody.
 */
import type { JSX } from "preact";
import { useEffect, useId, useRef, useState } from "preact/hooks";
import { answer } from "../../api/calls";
import type { Problem } from "../../api/problem";
import { may, onlyLooks, who } from "../../api/session";
import type { Approval } from "../../api/types";
import { Button } from "../../components/Button";
import { ErrorBox } from "../../components/states";
import { StatusBadge } from "../../components/Badge";
import { now } from "../../components/Time";
import { toast } from "../../components/Toast";
import { type Exact, obstacle } from "./exact";
import { inbox } from "./waiting";

const NOTE_MOST = 256;
/** A key that is held down repeats sooner than this; nobody decides sooner than this. */
const ARM_MS = 350;
const DISARM_MS = 6_000;

interface Props {
  approval: Approval;
  exact: Exact;
  answered: (approval: Approval) => void;
  refresh: () => void;
}

export function Answer({ approval, exact, answered, refresh }: Props): JSX.Element | null {
  const [note, setNote] = useState("");
  const [armed, setArmed] = useState(0);
  const [busy, setBusy] = useState<"approve" | "deny" | null>(null);
  const [problem, setProblem] = useState<Problem | null>(null);
  const why = useId();
  const digest = exact.state === "equal" ? exact.digest : "";
  const shown = useRef(digest);
  useEffect(() => {
    // Other bytes than those that were looked at: whatever was begun is not about them.
    if (shown.current !== digest) setArmed(0);
    shown.current = digest;
  }, [digest]);
  useEffect(() => {
    if (armed === 0) return undefined;
    const timer = setTimeout(() => setArmed(0), DISARM_MS);
    return () => clearTimeout(timer);
  }, [armed]);

  if (approval.status !== "pending") return <Settled approval={approval} />;
  const mute = whyNot(approval, now.value);
  const reason = mute ?? (approval.governs === false ? "A yes would be worth nothing: the policy that asked does not govern any more." : obstacle(exact));
  const send = async (what: "approve" | "deny"): Promise<void> => {
    if (busy !== null) return;
    setBusy(what);
    setArmed(0);
    const result = await answer(approval.id, what, note.trim());
    setBusy(null);
    if (!result.ok) {
      setProblem(result.problem);
      refresh();
      return;
    }
    setProblem(null);
    toast(what === "deny" ? `Denied: ${approval.toolName}` : result.value.status === "pending" ? "Your yes counts. More people have to agree." : `Approved: ${approval.toolName}, once`);
    answered({ ...approval, ...result.value });
    refresh();
    inbox.value?.refresh();
  };
  const approve = (event: MouseEvent): void => {
    // A click by a key has no position and no count.
    const byKey = event.detail === 0;
    if (!byKey) void send("approve");
    else if (armed === 0) setArmed(Date.now());
    else if (Date.now() - armed >= ARM_MS) void send("approve");
  };

  return (
    <section class="answer" aria-label="Your answer">
      {problem !== null && <ErrorBox problem={problem} />}
      <div class="answer-row">
        <label class="answer-note">
          <span class="visually-hidden">Note, for the record</span>
          <input value={note} maxLength={NOTE_MOST} placeholder="Note, for the record" disabled={mute !== null} onInput={(event) => setNote(event.currentTarget.value)} autocomplete="off" />
        </label>
        <Button kind="danger" icon="cross" disabled={mute !== null} busy={busy === "deny"} onClick={() => void send("deny")} describedBy={why}>
          Deny
        </Button>
        <Button kind="allow" icon="check" disabled={reason !== null} busy={busy === "approve"} onClick={approve} describedBy={why}>
          <span class="answer-yes">{armed === 0 ? "Approve" : "Press again"}</span>
        </Button>
      </div>
      <p class="answer-why small" id={why} role="status">
        {reason ?? (armed === 0 ? "A yes is for these bytes, once." : "Press Approve once more to let this call through. Anything else leaves it waiting.")}
      </p>
    </section>
  );
}

/** What keeps this person from any answer. */
function whyNot(approval: Approval, at: number): string | null {
  const known = who.value;
  if (Date.parse(approval.expiresAt) <= at) return "Its time is over.";
  if (!may("approve")) return "You may look: answering needs the role approve.";
  if (onlyLooks.value) return "Sign in again to answer.";
  if (known !== null && known.authentication !== "disabled") {
    if (approval.requestedBy === known.subject) return "It is your own call: somebody else has to answer.";
    if (approval.approvers.length > 0 && !approval.approvers.includes(known.subject)) return `The policy names who may answer: ${approval.approvers.slice(0, 10).join(", ")}.`;
    if (approval.answers.some((one) => one.subject === known.subject)) return `You have said yes. It waits for ${approval.quorum - approval.approvals} more.`;
  }
  return null;
}

const endings: Record<string, string> = {
  approved: "Approved. It goes ahead when the agent sends it again, once.",
  used: "Approved, and it went ahead.",
  denied: "Denied. The same bytes are refused until it ends.",
  expired: "Nobody answered in time.",
  cancelled: "It was taken back, or another question took its place.",
};

function Settled({ approval }: { approval: Approval }): JSX.Element {
  return (
    <section class="answer" aria-label="What became of it">
      <p class="row" role="status">
        <StatusBadge status={approval.status} /> {endings[approval.status] ?? ""}
      </p>
    </section>
  );
}
