/**
 * A list of any length of which only the rows in sight exist. Rows have one height, so that nothing moves, and the
 * position of a row is known without drawing those before it. It is a table for those who cannot see it.
 */
import type { ComponentChildren, JSX } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";

interface Props {
  label: string;
  length: number;
  /** In pixels. */
  rowHeight: number;
  columns: number;
  head: ComponentChildren;
  /** The cells of a row. */
  row: (position: number) => ComponentChildren;
  keyOf: (position: number) => string | number;
  rowClass?: (position: number) => string;
  /** Tells whether the reader is at the top, where new rows come. */
  onTop?: (top: boolean) => void;
  /** Grows to make the list go to its top. */
  toTop?: number;
}

const SPARE = 6;

export function VirtualList(props: Props): JSX.Element {
  const scroller = useRef<HTMLDivElement>(null);
  const [range, setRange] = useState({ from: 0, to: 40 });
  const { rowHeight, length } = props;

  const measure = (): void => {
    const element = scroller.current;
    if (element === null) return;
    const from = Math.max(0, Math.floor(element.scrollTop / rowHeight) - SPARE);
    const to = Math.ceil((element.scrollTop + element.clientHeight) / rowHeight) + SPARE;
    setRange((before) => (before.from === from && before.to === to ? before : { from, to }));
    props.onTop?.(element.scrollTop < rowHeight / 2);
  };

  useEffect(() => {
    const element = scroller.current;
    if (element === null) return undefined;
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  useLayoutEffect(() => {
    scroller.current?.scrollTo(0, 0);
  }, [props.toTop]);

  const to = Math.min(length, range.to);
  const from = Math.min(range.from, to);
  const rows: JSX.Element[] = [];
  for (let position = from; position < to; position += 1) {
    rows.push(
      <div
        key={props.keyOf(position)}
        role="row"
        aria-rowindex={position + 2}
        class={`vrow ${props.rowClass?.(position) ?? ""}`}
        style={{ transform: `translateY(${position * rowHeight}px)`, height: `${rowHeight}px` }}
      >
        {props.row(position)}
      </div>,
    );
  }
  return (
    <div class="vlist" role="table" aria-label={props.label} aria-rowcount={length + 1} aria-colcount={props.columns}>
      <div role="rowgroup" class="vlist-head">
        <div role="row" aria-rowindex={1} class="vrow-head">
          {props.head}
        </div>
      </div>
      <div role="rowgroup" class="vlist-scroll" ref={scroller} tabIndex={0} onScroll={measure}>
        <div class="vlist-inner" role="presentation" style={{ height: `${length * rowHeight}px` }}>
          {rows}
        </div>
      </div>
    </div>
  );
}
