/**
 * A table of few hundred rows at most; what can be longer is in `VirtualList`. At phone width each row is a small
 * card, its cells named by their columns.
 */
import type { ComponentChildren, JSX } from "preact";

export interface Column<T> {
  name: string;
  cell: (row: T) => ComponentChildren;
  /** Numbers stand on the right. */
  right?: boolean;
  /** Takes what is left of the width, and is cut. */
  wide?: boolean;
  /** Says which row it is. */
  head?: boolean;
}

export function Table<T>({
  caption,
  columns,
  rows,
  keyOf,
}: {
  caption: string;
  columns: Column<T>[];
  rows: T[];
  keyOf: (row: T) => string | number;
}): JSX.Element {
  return (
    <div class="table-scroll" role="region" aria-label={caption} tabIndex={0}>
      <table class="table">
        <caption class="visually-hidden">{caption}</caption>
        <thead>
          <tr>
            {columns.map((column) => (
              <th key={column.name} scope="col" class={classes(column)}>
                {column.name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={keyOf(row)}>
              {columns.map((column) =>
                column.head === true ? (
                  <th key={column.name} scope="row" class={classes(column)} data-name={column.name}>
                    <span class="cell">{column.cell(row)}</span>
                  </th>
                ) : (
                  <td key={column.name} class={classes(column)} data-name={column.name}>
                    <span class="cell">{column.cell(row)}</span>
                  </td>
                ),
              )}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function classes<T>(column: Column<T>): string {
  return `${column.right === true ? "right num" : ""}${column.wide === true ? " wide" : ""}`;
}
