/** A policy to be read, not changed. */
import type { JSX } from "preact";
import { Block } from "../components/Text";

export function PolicyText({ text }: { text: string; format: "json" | "yaml" }): JSX.Element {
  return <Block of={text} label="Policy" />;
}
