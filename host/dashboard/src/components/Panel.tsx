/** A titled part of a page, and the head of a page. */
import type { ComponentChildren, JSX } from "preact";
import { useEffect } from "preact/hooks";
import { badge } from "../lib/title";
import { visibleText } from "../lib/visible";

export function Panel({
  title,
  aside,
  children,
  flush = false,
  class: name = "",
}: {
  title: ComponentChildren;
  aside?: ComponentChildren;
  children: ComponentChildren;
  /** Tables and lists reach the edges. */
  flush?: boolean;
  class?: string;
}): JSX.Element {
  return (
    <section class={`panel${flush ? " panel-flush" : ""} ${name}`}>
      <header class="panel-head">
        <h2>{title}</h2>
        {aside !== undefined && <div class="panel-aside">{aside}</div>}
      </header>
      <div class="panel-body">{children}</div>
    </section>
  );
}

export function PageHead({ title, children, back }: { title: ComponentChildren; children?: ComponentChildren; back?: ComponentChildren }): JSX.Element {
  return (
    <header class="page-head">
      {back !== undefined && <div class="page-back">{back}</div>}
      <h1 tabIndex={-1} id="page-title">
        {title}
      </h1>
      {children !== undefined && <div class="page-aside">{children}</div>}
    </header>
  );
}

/** The title of the window: the page, and how many approvals wait. */
export function useTitle(title: string): void {
  const waiting = badge.value;
  useEffect(() => {
    document.title = `${waiting > 0 ? `(${waiting}) ` : ""}${visibleText(title)} · Sentinel`;
  }, [title, waiting]);
}

/** Names and what they are. */
export function Facts({ rows }: { rows: [string, ComponentChildren][] }): JSX.Element {
  return (
    <dl class="facts">
      {rows.map(([name, value]) => (
        <div key={name}>
          <dt>{name}</dt>
          <dd>{value}</dd>
        </div>
      ))}
    </dl>
  );
}
