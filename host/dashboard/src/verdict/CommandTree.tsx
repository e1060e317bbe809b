/**
 * The commands that a line would run, as a tree: what a wrapper runs hangs below it. A tree in the sense of ARIA:
 * one stop for Tab, arrows inside. What is chosen is told to whoever shows the line, to mark it there.
 */
import { useRef, useState } from "preact/hooks";
import type { CommandNode, Outcome, Reason } from "@sentinel/policy";
import { head } from "../lib/visible";
import { isPlain } from "./escapes";
import { Escaped, Visible } from "./Marked";
import { OutcomeSign } from "./Outcome";
import { strictest } from "./layers";
import { flatten, move, type Row } from "./tree";

const MOST = 240;

interface Props {
  readonly nodes: readonly CommandNode[];
  readonly reasons?: readonly Reason[];
  /** The line that has them: only it knows which escape is a character and which was typed. */
  readonly text?: string | null;
  /** A person decides: what no reason speaks of has a dot, for nothing says that it is fine. */
  readonly undecided?: boolean;
  readonly label?: string;
  readonly onChoose?: (range: { start: number; end: number } | null) => void;
}

const KINDS: Readonly<Record<CommandNode["kind"], string>> = {
  command: "",
  pipeline: "pipeline",
  runs: "runs",
  substitution: "substitution",
};

export function CommandTree({ nodes, reasons = [], text = null, undecided = false, label = "Commands that would run", onChoose }: Props) {
  const [closed, setClosed] = useState<ReadonlySet<string>>(new Set());
  const [active, setActive] = useState("0");
  const list = useRef<HTMLUListElement>(null);
  const rows = flatten(nodes, closed);
  const current = rows.find((row) => row.id === active) ?? rows[0];

  const toggle = (id: string, open: boolean): void => {
    const next = new Set(closed);
    if (open) next.delete(id);
    else next.add(id);
    setClosed(next);
  };
  const choose = (row: Row): void => {
    setActive(row.id);
    onChoose?.(row.node.end > row.node.start ? { start: row.node.start, end: row.node.end } : null);
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (current === undefined || event.altKey || event.ctrlKey || event.metaKey) return;
    const step = move(rows, current, event.key, closed);
    if (step === null) return;
    event.preventDefault();
    if (step.toggle !== undefined) toggle(current.id, step.toggle);
    if (step.to !== undefined) {
      choose(step.to);
      list.current?.querySelector<HTMLElement>(`[data-row="${step.to.id}"]`)?.focus();
    }
  };

  if (nodes.length === 0) return <p class="muted small">It runs nothing.</p>;
  return (
    <ul ref={list} class="v-tree" role="tree" aria-label={label} onKeyDown={onKeyDown}>
      {rows.map((row) => {
        const open = row.node.children.length === 0 ? undefined : !closed.has(row.id);
        const said = reasons.filter((reason) => isOf(reason, row.node));
        return (
          <li
            key={row.id}
            data-row={row.id}
            role="treeitem"
            class={`v-node v-kind-${row.node.kind}`}
            aria-level={row.depth + 1}
            aria-setsize={row.size}
            aria-posinset={row.position}
            {...(open === undefined ? {} : { "aria-expanded": open })}
            aria-selected={row.id === current?.id}
            tabIndex={row.id === current?.id ? 0 : -1}
            style={{ "--depth": row.depth }}
            onClick={() => choose(row)}
          >
            <span class="v-twist" aria-hidden="true" onClick={() => open !== undefined && toggle(row.id, !open)}>
              {open === undefined ? "" : open ? "▾" : "▸"}
            </span>
            <NodeText node={row.node} text={text} outcome={strictest(said)} undecided={undecided} />
          </li>
        );
      })}
    </ul>
  );
}

function NodeText({ node, text, outcome, undecided }: { node: CommandNode; text: string | null; outcome: Outcome | null; undecided: boolean }) {
  const cut = head(node.text, MOST);
  const raw = text !== null && node.end > node.start ? text.slice(node.start, node.end) : text;
  const program = node.program !== null && cut.text.startsWith(node.program) && isPlain(node.program) ? node.program : null;
  return (
    <span class="v-node-text">
      {outcome !== null && <OutcomeSign outcome={outcome} />}
      {outcome !== null && <span class="visually-hidden">{outcome}: </span>}
      {outcome === null && undecided && node.kind !== "pipeline" && <span class="v-undecided" aria-hidden="true" />}
      {KINDS[node.kind] !== "" && <span class="v-kind">{KINDS[node.kind]}</span>}
      <code>
        {program !== null && <b>{program}</b>}
        <Escaped text={program === null ? cut.text : cut.text.slice(program.length)} raw={raw} />
        {cut.left > 0 && ` … ${cut.left} more`}
      </code>
      {node.note !== null && (
        <span class="v-note">
          <Visible text={node.note} />
        </span>
      )}
    </span>
  );
}

function isOf(reason: Reason, node: CommandNode): boolean {
  if (reason.part === null || node.kind === "pipeline" || node.kind === "substitution") return false;
  const { start, end, text } = reason.part;
  if (start === node.start && end === node.end) return node.kind === "command" || text === node.text;
  // What a wrapper runs is told with the place of the wrapper.
  return text === node.text && (end <= start || (start <= node.start && node.end <= end));
}
