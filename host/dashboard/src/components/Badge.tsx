/** Verdicts, modes and states: a word, a sign and a colour, so that none of the three is needed. */
import type { ComponentChildren, JSX } from "preact";
import { Icon, type IconName } from "./icons";

export type Tone = "allow" | "deny" | "escalate" | "info" | "plain";

export function Badge({ tone, icon, children, title }: { tone: Tone; icon?: IconName; children: ComponentChildren; title?: string }): JSX.Element {
  return (
    <span class={`badge badge-${tone}`} title={title}>
      {icon !== undefined && <Icon name={icon} size={13} />}
      {children}
    </span>
  );
}

/** What a policy said. An unknown word is shown as it is. */
export function DecisionBadge({ decision, enforced = true }: { decision: string; enforced?: boolean }): JSX.Element {
  const tone: Tone = decision === "allow" || decision === "deny" || decision === "escalate" ? decision : "plain";
  const icon: IconName = tone === "allow" ? "check" : tone === "deny" ? "cross" : tone === "escalate" ? "hand" : "dot";
  return (
    <Badge tone={tone} icon={icon} {...(enforced ? {} : { title: "Not enforced: the mode only watches" })}>
      {decision.slice(0, 16)}
      {!enforced && <span class="badge-note"> watched</span>}
    </Badge>
  );
}

const statusTones: Record<string, [Tone, IconName]> = {
  pending: ["escalate", "clock"],
  approved: ["allow", "check"],
  used: ["allow", "check"],
  denied: ["deny", "cross"],
  expired: ["plain", "clock"],
  cancelled: ["plain", "cross"],
};

export function StatusBadge({ status }: { status: string }): JSX.Element {
  const [tone, icon] = statusTones[status] ?? ["plain", "dot"];
  return (
    <Badge tone={tone} icon={icon}>
      {status}
    </Badge>
  );
}

/** The mode that holds. `says` is the policy's own, where the daemon's is stricter. */
export function ModeBadge({ mode, says = mode }: { mode: string | null; says?: string | null }): JSX.Element {
  if (mode === null) return <Badge tone="plain">no policy</Badge>;
  const other = says !== null && says !== mode;
  const badge = <Badge tone={mode === "enforce" ? "info" : "escalate"}>{mode}</Badge>;
  if (!other) return badge;
  return (
    <span title={`The policy says ${says}; the daemon's SOE_MODE is stricter, and holds`}>
      {badge} <span class="muted xs nowrap">not {says}</span>
    </span>
  );
}

const riskTones: Record<string, Tone> = {
  nominal: "allow",
  normal: "allow",
  warn: "escalate",
  throttle: "escalate",
  critical: "deny",
  exhausted: "deny",
};

export function RiskBadge({ status }: { status: string }): JSX.Element {
  const tone = riskTones[status] ?? "plain";
  const icon: IconName = tone === "allow" ? "check" : tone === "deny" ? "cross" : "hand";
  return (
    <Badge tone={tone} icon={icon}>
      {status === "nominal" ? "normal" : status}
    </Badge>
  );
}
