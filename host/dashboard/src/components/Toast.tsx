/** Short news at the edge of the page, for a few seconds, read aloud politely. Errors stay until they are closed. */
import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { Button } from "./Button";
import { Text } from "./Text";

interface News {
  id: number;
  text: string;
  tone: "plain" | "deny";
}

const news = signal<News[]>([]);
let next = 1;
const SECONDS = 6;
const MOST = 3;

export function toast(text: string, tone: News["tone"] = "plain"): void {
  const id = next;
  next += 1;
  news.value = [...news.value.slice(1 - MOST), { id, text, tone }];
  if (tone === "plain") setTimeout(() => dismiss(id), SECONDS * 1_000);
}

function dismiss(id: number): void {
  news.value = news.value.filter((one) => one.id !== id);
}

export function Toasts(): JSX.Element {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {news.value.map((one) => (
        <div key={one.id} class={`toast toast-${one.tone}`}>
          <Text of={one.text} most={400} />
          <Button kind="quiet" icon="cross" label="Close" onClick={() => dismiss(one.id)} />
        </div>
      ))}
    </div>
  );
}
