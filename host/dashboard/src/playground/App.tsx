/** The page: policy left, calls right; below each other where there is no room. */
import { useRef } from "preact/hooks";
import { CallPane } from "./CallPane";
import { PolicyPane, type PolicyPlaces } from "./PolicyPane";
import { Segmented } from "./Segmented";
import { SessionPane } from "./SessionPane";
import { calls, tab, until } from "./state";
import { Toolbar } from "./Toolbar";

export function App() {
  const places = useRef<PolicyPlaces>({ rule: () => undefined }).current;
  const onRule = (...args: Parameters<PolicyPlaces["rule"]>): void => places.rule(...args);
  return (
    <div class="p-page">
      <Toolbar />
      <main class="p-main">
        <PolicyPane places={places} />
        <section class="p-pane" aria-labelledby="calls-title">
          <header class="p-pane-head">
            <h2 id="calls-title">Calls</h2>
            <div class="p-actions">
              <Segmented
                label="What is tried"
                value={tab.value}
                options={[["call", "One call"], ["session", "Session"]]}
                onChange={(value) => {
                  if (value === "session" && until.peek() === 0) until.value = calls.peek().length;
                  tab.value = value;
                }}
              />
            </div>
          </header>
          <div class="p-scroll" key={tab.value}>{tab.value === "call" ? <CallPane onRule={onRule} /> : <SessionPane onRule={onRule} />}</div>
        </section>
      </main>
    </div>
  );
}
