/**
 * Text of agents with everything escaped that cannot be seen or that moves what is around it: controls, zero-width
 * and bidirectional characters, private use, unassigned ones. The engine's `visible()` has the rule for exports;
 * this one is for the eye, works before the engine is there, and says which parts it escaped so that they can be marked.
 */
export interface Piece {
  text: string;
  /** It stands for a character that is not shown. */
  escaped: boolean;
}

// Format, control, surrogate, private use, unassigned; line and paragraph separators; spaces that are not the space;
// and what fonts draw as nothing.
const HIDDEN = /[\p{Cc}\p{Cf}\p{Cs}\p{Co}\p{Cn}\p{Zl}\p{Zp}]|(?! )\p{Zs}|[\u034F\u115F\u1160\u17B4\u17B5\u3164\uFFA0\u2800\uFE00-\uFE0F\u{E0100}-\u{E01EF}]/gu;

/** `lines`: newlines and tabs stay, as in a block of code. */
export function pieces(text: string, lines = false): Piece[] {
  const all: Piece[] = [];
  let from = 0;
  for (const match of text.matchAll(HIDDEN)) {
    const character = match[0];
    if (lines && (character === "\n" || character === "\t")) continue;
    if (match.index > from) all.push({ text: text.slice(from, match.index), escaped: false });
    all.push({ text: escapeOf(character), escaped: true });
    from = match.index + character.length;
  }
  if (from < text.length) all.push({ text: text.slice(from), escaped: false });
  return all;
}

/** The same as one text, for titles and labels. */
export function visibleText(text: string): string {
  return pieces(text)
    .map((piece) => piece.text)
    .join("");
}

function escapeOf(character: string): string {
  if (character === "\n") return "\\n";
  if (character === "\r") return "\\r";
  if (character === "\t") return "\\t";
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}

/** The first so many characters of a text that may have a megabyte, whole code points only. */
export function head(text: string, most: number): { text: string; left: number } {
  if (text.length <= most) return { text, left: 0 };
  const code = text.charCodeAt(most - 1);
  const end = code >= 0xd800 && code < 0xdc00 ? most - 1 : most;
  return { text: text.slice(0, end), left: text.length - end };
}
