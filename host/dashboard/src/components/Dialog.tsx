/** A question in front of the page, with the browser's own `<dialog>`: focus stays inside, Escape says no. */
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useId, useRef } from "preact/hooks";

export function Dialog({
  title,
  open,
  close,
  children,
  actions,
  wide = false,
}: {
  title: string;
  open: boolean;
  close: () => void;
  children: ComponentChildren;
  actions: ComponentChildren;
  /** For what has lines of its own, such as a text. */
  wide?: boolean;
}): JSX.Element | null {
  const element = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const dialog = element.current;
    if (dialog === null || !open) return undefined;
    const before = document.activeElement;
    dialog.showModal();
    return () => {
      dialog.close();
      if (before instanceof HTMLElement) before.focus();
    };
  }, [open]);
  if (!open) return null;
  return (
    <dialog
      ref={element}
      class={wide ? "dialog dialog-wide" : "dialog"}
      aria-labelledby={id}
      onCancel={(event) => {
        event.preventDefault();
        close();
      }}
    >
      <h2 id={id}>{title}</h2>
      <div class="dialog-body">{children}</div>
      <div class="dialog-actions">{actions}</div>
    </dialog>
  );
}
