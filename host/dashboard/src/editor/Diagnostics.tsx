/** What the engine says of a text, as a list: each line goes to its place. */
import type { Diagnostic } from "@sentinel/policy";
import { visibleText } from "../lib/visible";
import "./editor.css";

const MOST = 100;

interface Props {
  readonly diagnostics: readonly Diagnostic[];
  /** Null while the engine is not there yet. */
  readonly ready: boolean;
  readonly onGo: (diagnostic: Diagnostic) => void;
}

export function Diagnostics({ diagnostics, ready, onGo }: Props) {
  const errors = diagnostics.filter((one) => one.severity === "error").length;
  const warnings = diagnostics.length - errors;
  const sorted = [...diagnostics].sort((a, b) => rank(a) - rank(b) || a.range.start - b.range.start).slice(0, MOST);
  return (
    <section class="e-diagnostics" aria-label="What the engine says of the policy">
      <p class={`e-summary ${errors > 0 ? "e-bad" : warnings > 0 ? "e-warn" : "e-good"}`} role="status">
        {ready ? summary(errors, warnings) : "The engine is starting …"}
      </p>
      {sorted.length > 0 && (
        <ul class="e-list">
          {sorted.map((one, index) => (
            <li key={index} class={`e-item e-${one.severity}`}>
              <button type="button" onClick={() => onGo(one)}>
                <span class="e-where">
                  <span class="visually-hidden">Go to line </span>
                  {one.range.line}:{one.range.column}
                </span>
                <span class="e-what">
                  <span class="e-severity">{one.severity}</span> {visibleText(one.message)}
                  {one.help !== null && <span class="e-help">{visibleText(one.help)}</span>}
                </span>
              </button>
            </li>
          ))}
        </ul>
      )}
      {diagnostics.length > MOST && <p class="e-summary">and {diagnostics.length - MOST} more</p>}
    </section>
  );
}

function rank(one: Diagnostic): number {
  return one.severity === "error" ? 0 : 1;
}

function summary(errors: number, warnings: number): string {
  const parts = [
    errors > 0 ? `${errors} ${errors === 1 ? "error" : "errors"}` : "",
    warnings > 0 ? `${warnings} ${warnings === 1 ? "warning" : "warnings"}` : "",
  ].filter((part) => part !== "");
  if (parts.length === 0) return "The policy is valid.";
  return errors > 0 ? `${parts.join(", ")}. Nothing is decided by a policy with errors.` : `Valid, with ${parts.join(", ")}.`;
}
