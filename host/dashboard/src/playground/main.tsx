/** Where the playground begins: the engine is on its way before anything is drawn. */
import "../styles/tokens.css";
import "../styles/base.css";
import "../styles/layout.css";
import "../styles/components.css";
import "./playground.css";
import "./session.css";
import { effect } from "@preact/signals";
import { render } from "preact";
import { loadEditor } from "../editor/LazyEditor";
import { startEngine } from "../lib/engine";
import { App } from "./App";
import { begin } from "./follow";
import { explanation } from "./state";

const EDITOR_MOST_MS = 600;

void startEngine();
begin();
const root = document.getElementById("app");
if (root !== null) render(<App />, root);

// When the first verdict is on the screen: for measurements, and for whoever waits for the page.
const stop = effect(() => {
  if (explanation.value === null) return;
  requestAnimationFrame(() => {
    performance.mark("first-verdict");
    document.documentElement.dataset["ready"] = "";
    setTimeout(loadEditor, 0);
  });
  queueMicrotask(() => stop());
});
// Without a verdict, somebody has to be able to correct what prevents it.
setTimeout(loadEditor, EDITOR_MOST_MS);
