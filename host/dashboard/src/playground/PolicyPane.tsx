/** The left side: the policy, and what the engine says of it. */
import { useRef } from "preact/hooks";
import { Button } from "../components/Button";
import { Diagnostics } from "../editor/Diagnostics";
import { LazyEditor } from "../editor/LazyEditor";
import type { EditorHandle } from "../editor/PolicyEditor";
import { engine, engineError } from "../lib/engine";
import type { RulePlace } from "../verdict";
import { policyFile } from "./cli";
import { save } from "./file";
import { Segmented } from "./Segmented";
import { compiled, notation, policyText, present, show, writePolicy } from "./state";

const FILE_MOST = 4 * 1024 * 1024;

export interface PolicyPlaces {
  rule: (rule: RulePlace) => void;
}

export function PolicyPane({ places }: { places: PolicyPlaces }) {
  const editor = useRef<EditorHandle>(null);
  const file = useRef<HTMLInputElement>(null);
  const { policy, diagnostics } = compiled.value;
  places.rule = (rule) => {
    if (rule.range !== null) editor.current?.show(rule.range.start, rule.range.end, true);
  };
  const open = async (input: HTMLInputElement): Promise<void> => {
    const own = input.files?.[0];
    if (own !== undefined && own.size <= FILE_MOST) {
      const text = await own.text();
      show({ ...present.peek(), policy: text, notation: /\.ya?ml$/.test(own.name) || !text.trimStart().startsWith("{") ? "yaml" : "json" }, "Opened a file.");
    }
    input.value = "";
  };
  return (
    <section class="p-pane" aria-labelledby="policy-title">
      <header class="p-pane-head">
        <h2 id="policy-title">Policy</h2>
        <div class="p-actions">
          <Segmented label="Notation" value={notation.value} options={[["yaml", "YAML"], ["json", "JSON"]]} onChange={(value) => (notation.value = value)} />
          <input ref={file} type="file" hidden accept=".json,.yaml,.yml" onChange={(event) => void open(event.currentTarget)} />
          <Button kind="quiet" onClick={() => file.current?.click()} title="Open a policy from a file. It is read by this page and sent nowhere.">
            Open
          </Button>
          <Button kind="quiet" icon="download" label="Save the policy as a file" onClick={() => save(policyFile(policy?.agentId ?? null, notation.peek()), policyText.peek())} />
        </div>
      </header>
      <div class="p-editor">
        <LazyEditor text={policyText.value} notation={notation.value} label="Policy" diagnostics={diagnostics} handle={editor} onChange={writePolicy} />
      </div>
      {engine.value === "failed" ? (
        <p class="note note-deny" role="alert">
          The engine could not start: {engineError.value} Reload the page; it needs WebAssembly.
        </p>
      ) : (
        <Diagnostics diagnostics={diagnostics} ready={engine.value === "ready"} onGo={(one) => editor.current?.show(one.range.start, one.range.end, true)} />
      )}
    </section>
  );
}
