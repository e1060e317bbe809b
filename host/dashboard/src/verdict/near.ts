/** Of a long text, the beginning, the surroundings of every mark, and the end; what is left out is told of. Pure. */
import type { Span } from "./subject";

/** Characters that are shown without being asked for. */
export const MOST = 4_000;
const SPANS_MOST = 400;
/** Of the end, and of both sides once there is no room. */
const LEAST = 40;

export interface Shown extends Span {
  /** Characters that are left out here; 0 where this is text. */
  readonly gap: number;
}

export function near(all: readonly Span[], length: number): Shown[] {
  const out: Shown[] = [];
  let budget = MOST;
  const put = (span: Span, start: number, end: number): void => {
    if (end > start) out.push({ ...span, start, end, gap: 0 });
    budget -= Math.max(0, end - start);
  };
  const skip = (span: Span, start: number, end: number): void => {
    if (end > start) out.push({ ...span, start, end, outcome: null, chosen: false, gap: end - start });
  };
  for (const span of all) {
    if (out.length >= SPANS_MOST) {
      const rest = Math.max(span.start, length - LEAST);
      skip(span, span.start, rest);
      put({ ...span, outcome: null, chosen: false }, rest, length);
      break;
    }
    const size = span.end - span.start;
    const most = span.outcome === null && !span.chosen ? 600 : 1_200;
    const side = budget > 0 ? most / 2 : LEAST;
    if (size <= 2 * side) put(span, span.start, span.end);
    else {
      put(span, span.start, span.start + side);
      skip(span, span.start + side, span.end - side);
      put(span, span.end - side, span.end);
    }
  }
  return out;
}
