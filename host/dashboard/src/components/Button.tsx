/** Buttons. A busy one keeps its place and its focus, and takes no second click. */
import type { ComponentChildren, JSX } from "preact";
import { Icon, type IconName } from "./icons";

interface Props {
  children?: ComponentChildren;
  onClick?: (event: MouseEvent) => void;
  kind?: "plain" | "primary" | "danger" | "quiet" | "allow";
  icon?: IconName;
  /** Where there is an icon alone, and where the text does not say enough. */
  label?: string;
  busy?: boolean;
  disabled?: boolean;
  /** Why it cannot be pressed, or what it does. */
  title?: string;
  pressed?: boolean;
  expanded?: boolean;
  type?: "button" | "submit";
  id?: string;
  describedBy?: string;
  autoFocus?: boolean;
}

export function Button(props: Props): JSX.Element {
  const { kind = "plain", busy = false, disabled = false } = props;
  return (
    <button
      type={props.type ?? "button"}
      class={`button button-${kind}${props.children === undefined ? " button-icon" : ""}`}
      id={props.id}
      disabled={disabled}
      aria-disabled={busy || undefined}
      aria-busy={busy || undefined}
      aria-label={props.label}
      aria-pressed={props.pressed}
      aria-expanded={props.expanded}
      aria-describedby={props.describedBy}
      title={props.title ?? (props.children === undefined ? props.label : undefined)}
      onClick={(event) => {
        if (busy) event.preventDefault();
        else props.onClick?.(event);
      }}
    >
      {props.icon !== undefined && <Icon name={props.icon} />}
      {props.children}
    </button>
  );
}
