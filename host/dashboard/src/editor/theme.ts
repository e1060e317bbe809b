/** How the editor looks: the tokens of the page, which reach into its shadow root and know light and dark. */
import { HighlightStyle, syntaxHighlighting } from "@codemirror/language";
import type { Extension } from "@codemirror/state";
import { EditorView } from "@codemirror/view";
import { tags as t } from "@lezer/highlight";

const highlight = HighlightStyle.define([
  { tag: [t.propertyName, t.definition(t.propertyName)], color: "var(--code-key)" },
  { tag: [t.string, t.special(t.string), t.content, t.blockComment], color: "var(--code-text)" },
  { tag: [t.number, t.bool, t.null, t.keyword], color: "var(--code-number)" },
  { tag: [t.comment, t.lineComment], color: "var(--text-3)", fontStyle: "italic" },
  { tag: [t.punctuation, t.separator, t.bracket, t.brace, t.squareBracket], color: "var(--text-2)" },
  { tag: t.invalid, color: "var(--deny)" },
]);

const look = EditorView.theme({
  "&": {
    height: "100%",
    color: "var(--text)",
    backgroundColor: "var(--surface)",
    fontSize: "var(--t-s)",
  },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.6", overflow: "auto", scrollbarColor: "var(--line-strong) transparent" },
  ".cm-content": { caretColor: "var(--text)", padding: "0.5rem 0" },
  ".cm-line": { padding: "0 0.75rem 0 0.375rem" },
  ".cm-cursor, .cm-dropCursor": { borderLeftColor: "var(--text)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground, .cm-content ::selection": {
    backgroundColor: "color-mix(in srgb, var(--focus) 26%, transparent)",
  },
  ".cm-gutters": { backgroundColor: "var(--surface)", color: "var(--text-3)", borderRight: "1px solid var(--line)" },
  ".cm-activeLine": { backgroundColor: "color-mix(in srgb, var(--hover) 70%, transparent)" },
  ".cm-activeLineGutter": { backgroundColor: "var(--hover)", color: "var(--text-2)" },
  ".cm-lineNumbers .cm-gutterElement": { padding: "0 0.5rem 0 0.25rem", minWidth: "2.25rem" },
  ".cm-foldGutter .cm-gutterElement": { cursor: "pointer" },
  ".cm-foldPlaceholder": { backgroundColor: "var(--inset)", border: "1px solid var(--line)", color: "var(--text-2)" },
  ".cm-matchingBracket, &.cm-focused .cm-matchingBracket": { backgroundColor: "var(--accent-soft)", outline: "1px solid var(--accent)" },
  ".cm-nonmatchingBracket, &.cm-focused .cm-nonmatchingBracket": { backgroundColor: "var(--deny-soft)" },
  ".cm-specialChar": { color: "var(--text)", backgroundColor: "var(--mark)", borderRadius: "2px" },
  ".cm-rule": { backgroundColor: "var(--mark)", borderRadius: "2px" },
  ".cm-rule-line": { boxShadow: "inset 3px 0 0 var(--escalate-line)" },

  ".cm-tooltip": {
    backgroundColor: "var(--raised)",
    color: "var(--text)",
    border: "1px solid var(--line-strong)",
    borderRadius: "var(--radius-s)",
    boxShadow: "0 6px 24px var(--shadow)",
    maxWidth: "min(28rem, 90vw)",
    fontFamily: "var(--sans)",
    fontSize: "var(--t-s)",
  },
  ".cm-tooltip-hover": { padding: "0" },
  ".cm-hover": { padding: "0.5rem 0.75rem", lineHeight: "1.45" },
  ".cm-hover p": { margin: "0" },
  ".cm-hover-path": { fontFamily: "var(--mono)", fontWeight: "600", overflowWrap: "anywhere" },
  ".cm-hover-type": { color: "var(--text-2)", fontSize: "var(--t-xs)" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul": { fontFamily: "var(--mono)", maxHeight: "16rem", minWidth: "14rem" },
  ".cm-tooltip.cm-tooltip-autocomplete > ul > li": { padding: "0.25rem 0.5rem", lineHeight: "1.4", display: "flex", gap: "0.75rem", alignItems: "baseline" },
  ".cm-tooltip-autocomplete > ul > li[aria-selected]": { backgroundColor: "var(--accent-soft)", color: "var(--text)" },
  ".cm-completionIcon": { display: "none" },
  ".cm-completionMatchedText": { textDecoration: "none", color: "var(--accent)", fontWeight: "600" },
  ".cm-completionDetail": { marginLeft: "auto", fontStyle: "normal", color: "var(--text-2)", fontFamily: "var(--sans)", fontSize: "var(--t-xs)" },
  ".cm-tooltip.cm-completionInfo": { padding: "0.5rem 0.75rem", lineHeight: "1.45", maxWidth: "20rem" },

  ".cm-lintRange": { backgroundImage: "none", paddingBottom: "1px" },
  ".cm-lintRange-error": { textDecoration: "underline wavy var(--deny-line)", textUnderlineOffset: "0.25em", textDecorationSkipInk: "none" },
  ".cm-lintRange-warning": { textDecoration: "underline wavy var(--escalate-line)", textUnderlineOffset: "0.25em", textDecorationSkipInk: "none" },
  ".cm-lintRange-active": { backgroundColor: "var(--mark)" },
  ".cm-diagnostic": { padding: "0.5rem 0.75rem", borderLeft: "3px solid var(--line-strong)", lineHeight: "1.45", whiteSpace: "pre-wrap" },
  ".cm-diagnostic-error": { borderLeftColor: "var(--deny-line)" },
  ".cm-diagnostic-warning": { borderLeftColor: "var(--escalate-line)" },
  ".cm-gutter-lint": { width: "1rem" },
  ".cm-gutter-lint .cm-gutterElement": { padding: "0" },
  ".cm-lint-marker": { width: "0.5rem", height: "0.5rem", margin: "0.55em auto 0", borderRadius: "50%" },
  ".cm-lint-marker-error": { content: "none", backgroundColor: "var(--deny-line)" },
  ".cm-lint-marker-warning": { content: "none", backgroundColor: "var(--escalate-line)", borderRadius: "1px", transform: "rotate(45deg)" },

  ".cm-panels": { backgroundColor: "var(--inset)", color: "var(--text)" },
  "&.cm-merge-b .cm-changedLine": { backgroundColor: "color-mix(in srgb, var(--allow-soft) 70%, transparent)" },
  "&.cm-merge-b .cm-changedText": { background: "color-mix(in srgb, var(--allow-line) 12%, transparent)", boxShadow: "inset 0 -2px 0 var(--allow-line)" },
  "&.cm-merge-b .cm-deletedChunk": { backgroundColor: "color-mix(in srgb, var(--deny-soft) 70%, transparent)", paddingLeft: "0.375rem" },
  "&.cm-merge-b .cm-deletedChunk .cm-deletedText": { background: "color-mix(in srgb, var(--deny-line) 10%, transparent)", boxShadow: "inset 0 -2px 0 var(--deny-line)" },
  "&.cm-merge-b .cm-changedLineGutter": { background: "var(--allow-line)" },
  "&.cm-merge-b .cm-deletedLineGutter": { background: "var(--deny-line)" },
  "&.cm-merge-b .cm-collapsedLines": {
    color: "var(--text-2)",
    background: "var(--inset)",
    padding: "0.125rem 0.75rem",
    fontFamily: "var(--sans)",
    fontSize: "var(--t-xs)",
  },
  // The sign around it is in few fonts.
  "&.cm-merge-b .cm-collapsedLines:before, &.cm-merge-b .cm-collapsedLines:after": { content: '"· · ·"' },
});

export const appearance: Extension = [look, syntaxHighlighting(highlight)];
