/** One CodeMirror for a policy or a call, in a shadow root. What is right and wrong is told to it from outside. */
import { closeBrackets, closeBracketsKeymap } from "@codemirror/autocomplete";
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { json } from "@codemirror/lang-json";
import { yaml } from "@codemirror/lang-yaml";
import { bracketMatching, foldGutter, foldKeymap, indentOnInput, indentUnit } from "@codemirror/language";
import { lintGutter, lintKeymap, setDiagnostics, type Diagnostic as Mark } from "@codemirror/lint";
import { Compartment, EditorState, StateEffect, StateField, type Extension, type Transaction } from "@codemirror/state";
import { Decoration, drawSelection, EditorView, highlightActiveLine, highlightActiveLineGutter, highlightSpecialChars, keymap, lineNumbers, type DecorationSet } from "@codemirror/view";
import type { Diagnostic } from "@sentinel/policy";
import { visibleText } from "../lib/visible";
import { assistance } from "./assist";
import type { Notation } from "./place";
import type { SchemaNode } from "./schema";
import { shadowHost } from "./shadow";
import { appearance } from "./theme";

export interface Settings {
  readonly label: string;
  readonly notation: Notation;
  readonly readOnly: boolean;
  /** Without line numbers and folding: for a call of a few lines. */
  readonly small?: boolean;
  readonly onChange: (text: string) => void;
  readonly schema: () => SchemaNode | null;
}

/** A part of the text that a decision points at. */
const setRule = StateEffect.define<{ from: number; to: number } | null>();

const ruleField = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update(marks, transaction) {
    // What is being rewritten is not what decided any more.
    let next = transaction.docChanged ? Decoration.none : marks;
    for (const effect of transaction.effects) {
      if (!effect.is(setRule)) continue;
      if (effect.value === null) next = Decoration.none;
      else {
        const line = transaction.state.doc.lineAt(effect.value.from);
        const ranges = [Decoration.line({ class: "cm-rule-line" }).range(line.from)];
        if (effect.value.to > effect.value.from) ranges.push(Decoration.mark({ class: "cm-rule" }).range(effect.value.from, effect.value.to));
        next = Decoration.set(ranges);
      }
    }
    return next;
  },
  provide: (field) => EditorView.decorations.from(field),
});

/** Escape, then Tab, leaves the editor; CodeMirror has this built in, and says nothing of it to anybody. */
const KEYS_HINT = "Tab indents. To leave with Tab, press Escape first.";

/**
 * Typing over a selection of several lines. Left to the browser, it joins the lines with `style` attributes, which the
 * content security policy blocks and reports; the outcome is the same, without them.
 */
const overLines = EditorView.domEventHandlers({
  beforeinput(event, view) {
    const { from, to } = view.state.selection.main;
    if (event.inputType !== "insertText" || event.data === null || view.composing || view.state.readOnly) return false;
    if (view.state.selection.ranges.length > 1 || view.state.doc.lineAt(from).to >= to) return false;
    const text = event.data;
    const insert = (): Transaction => view.state.update({ ...view.state.replaceSelection(text), userEvent: "input.type", scrollIntoView: true });
    if (!view.state.facet(EditorView.inputHandler).some((handler) => handler(view, from, to, text, insert))) view.dispatch(insert());
    return true;
  },
});

export class PolicyView {
  readonly #view: EditorView;
  readonly #language = new Compartment();
  readonly #access = new Compartment();
  #notation: Notation;
  #silent = false;

  constructor(host: HTMLElement, text: string, settings: Settings, more: Extension = []) {
    this.#notation = settings.notation;
    const { root, place } = shadowHost(host);
    const state = EditorState.create({
      doc: text,
      extensions: [
        settings.small === true ? [] : [lineNumbers(), foldGutter({ markerDOM: foldMarker }), highlightActiveLine(), highlightActiveLineGutter(), lintGutter()],
        highlightSpecialChars({ render: special, addSpecialChars: /[\u00A0\u034F\u115F\u1160\u17B4\u17B5\u180E\u2000-\u200F\u2028-\u202F\u205F-\u206F\u2800\u3000\u3164\uFE00-\uFE0F\uFFA0]/g }),
        history(),
        drawSelection(),
        indentOnInput(),
        indentUnit.of("  "),
        EditorState.tabSize.of(2),
        bracketMatching(),
        closeBrackets(),
        keymap.of([...closeBracketsKeymap, ...defaultKeymap, ...historyKeymap, ...foldKeymap, ...lintKeymap, indentWithTab]),
        EditorView.lineWrapping,
        overLines,
        assistance(() => this.#notation, settings.schema),
        ruleField,
        appearance,
        this.#language.of(language(settings.notation)),
        this.#access.of(access(settings.readOnly)),
        EditorView.contentAttributes.of({ "aria-label": `${settings.label}. ${settings.readOnly ? "Read only." : KEYS_HINT}`, tabindex: "0", spellcheck: "false", autocapitalize: "off", translate: "no" }),
        EditorView.updateListener.of((update) => {
          if (update.docChanged && !this.#silent) settings.onChange(update.state.doc.toString());
        }),
        more,
      ],
    });
    this.#view = new EditorView({ state, parent: place, root });
  }

  get text(): string {
    return this.#view.state.doc.toString();
  }

  /** Another text from outside. It can be undone as if it had been typed. */
  replace(text: string): void {
    if (text === this.text) return;
    this.#silent = true;
    this.#view.dispatch({ changes: { from: 0, to: this.#view.state.doc.length, insert: text }, effects: setRule.of(null) });
    this.#silent = false;
  }

  notation(notation: Notation): void {
    if (notation === this.#notation) return;
    this.#notation = notation;
    this.#view.dispatch({ effects: this.#language.reconfigure(language(notation)) });
  }

  readOnly(value: boolean): void {
    this.#view.dispatch({ effects: this.#access.reconfigure(access(value)) });
  }

  diagnostics(found: readonly Diagnostic[]): void {
    this.#view.dispatch(setDiagnostics(this.#view.state, found.map((one) => mark(one, this.#view.state.doc.length))));
  }

  /** Selects and shows a place; with `focus`, the keyboard goes there as well. */
  show(start: number, end: number, focus: boolean): void {
    const length = this.#view.state.doc.length;
    const from = Math.min(Math.max(0, start), length);
    const to = Math.min(Math.max(from, end), length);
    this.#view.dispatch({
      selection: { anchor: from, head: focus ? to : from },
      effects: [EditorView.scrollIntoView(from, { y: "center" }), setRule.of({ from, to })],
    });
    if (focus) this.#view.focus();
  }

  focus(): void {
    this.#view.focus();
  }

  destroy(): void {
    this.#view.destroy();
  }
}

function language(notation: Notation): Extension {
  return notation === "json" ? json() : yaml();
}

function access(readOnly: boolean): Extension {
  // Not editable, but with a cursor: a text that can be read has to be reachable and selectable by keyboard.
  return readOnly ? [EditorState.readOnly.of(true), EditorView.contentAttributes.of({ "aria-readonly": "true" })] : [];
}

function mark(one: Diagnostic, length: number): Mark {
  const from = Math.min(one.range.start, length);
  const to = Math.min(Math.max(one.range.end, from), length);
  const help = one.help === null ? "" : `\n${one.help}`;
  return { from, to, severity: one.severity, source: one.code, message: visibleText(one.message) + (help === "" ? "" : `\n${visibleText(help.trim())}`) };
}

function special(code: number): HTMLElement {
  const dom = document.createElement("span");
  dom.className = "cm-specialChar";
  dom.textContent = `\\u{${code.toString(16)}}`;
  dom.title = "A character that cannot be seen";
  return dom;
}

function foldMarker(open: boolean): HTMLElement {
  const dom = document.createElement("span");
  dom.textContent = open ? "▾" : "▸";
  dom.title = open ? "Fold" : "Unfold";
  return dom;
}
