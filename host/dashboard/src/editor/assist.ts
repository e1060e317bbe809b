/** Completion and hover, made of the schema of the engine. Texts become text nodes. */
import { autocompletion, type Completion, type CompletionContext, type CompletionResult } from "@codemirror/autocomplete";
import type { Extension } from "@codemirror/state";
import { hoverTooltip, type EditorView, type Tooltip } from "@codemirror/view";
import { placeAt, type Notation, type Place } from "./place";
import { describeAt, type SchemaNode } from "./schema";
import { suggest, type Suggestion } from "./suggest";

/** Larger documents are not searched on every key: reading one to the cursor has to be unnoticeable. */
const TEXT_MOST = 1_000_000;

export function assistance(notation: () => Notation, schema: () => SchemaNode | null): Extension {
  return [
    autocompletion({
      override: [(context) => complete(context, notation(), schema())],
      icons: false,
      activateOnTypingDelay: 60,
    }),
    hoverTooltip((view, position) => hover(view, position, notation(), schema()), { hoverTime: 350 }),
  ];
}

function complete(context: CompletionContext, notation: Notation, schema: SchemaNode | null): CompletionResult | null {
  if (schema === null || context.state.doc.length > TEXT_MOST) return null;
  const text = context.state.doc.toString();
  const place = placeAt(text, context.pos, notation);
  if (place === null || (!context.explicit && place.word === "" && !place.quoted)) return null;
  const found = suggest(schema, place, notation);
  if (found.length === 0) return null;
  const to = place.quoted ? place.to : Math.max(context.pos, place.part === "key" ? place.to : context.pos);
  // What is matched begins behind the quote, and what is replaced in front of it.
  const from = place.from + (place.quoted ? 1 : 0);
  return {
    from,
    options: found.map((one) => completion(one, place, to)),
    validFor: /^[\w$@.\-[\]]*$/,
  };
}

function completion(one: Suggestion, place: Place, to: number): Completion {
  return {
    label: one.label,
    type: one.kind,
    ...(one.detail === "" ? {} : { detail: one.detail }),
    ...(one.info === "" ? {} : { info: one.info }),
    boost: one.boost,
    apply: (view, _completion, _from, end) => apply(view, one, place, Math.max(to, end)),
  };
}

function apply(view: EditorView, one: Suggestion, place: Place, to: number): void {
  const from = place.from;
  const before = view.state.sliceDoc(Math.max(0, from - 1), from);
  const gap = before === ":" ? " " : "";
  const comma = place.commaAt !== null && place.commaAt < from ? [{ from: place.commaAt, insert: "," }] : [];
  const shift = comma.length + gap.length;
  view.dispatch({
    changes: [...comma, { from, to: closing(view, to, place), insert: gap + one.insert }],
    selection: { anchor: from + shift + one.cursor },
    userEvent: "input.complete",
    scrollIntoView: true,
  });
}

/** A closing quote that stands behind the word belongs to it. */
function closing(view: EditorView, to: number, place: Place): number {
  if (!place.quoted) return to;
  const quote = view.state.sliceDoc(place.from, place.from + 1);
  const last = view.state.sliceDoc(to - 1, to);
  return last !== quote && view.state.sliceDoc(to, to + 1) === quote ? to + 1 : to;
}

function hover(view: EditorView, position: number, notation: Notation, schema: SchemaNode | null): Tooltip | null {
  if (schema === null || view.state.doc.length > TEXT_MOST) return null;
  const place = placeAt(view.state.doc.toString(), position, notation);
  if (place === null || place.word === "") return null;
  const about = describeAt(schema, place.part === "key" ? [...place.path, place.word] : place.path);
  if (about === null) return null;
  return {
    pos: place.from,
    end: place.to,
    above: true,
    create: () => ({ dom: card(about.title, about.type, about.description) }),
  };
}

function card(title: string, type: string, description: string): HTMLElement {
  const dom = document.createElement("div");
  dom.className = "cm-hover";
  for (const [name, text] of [["path", title], ["type", type], ["text", description]] as const) {
    if (text === "") continue;
    const line = document.createElement("p");
    line.className = `cm-hover-${name}`;
    line.textContent = text;
    dom.append(line);
  }
  return dom;
}
