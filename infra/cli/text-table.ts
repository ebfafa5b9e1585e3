/** A column of a table for people. */
export interface Column<Row> {
  readonly title: string;
  readonly cell: (row: Row) => string;
  /** Whether it gives way when the table is too wide. Ids do not: they are copied. */
  readonly shrinks?: boolean;
}

const gap = '  ';
const narrowest = 8;

/** Rows under titles, at most `width` columns wide as far as the shrinking columns allow. No rows, no titles: `none` instead. */
export function textTable<Row>(rows: readonly Row[], columns: readonly Column<Row>[], width: number, none: string): string {
  if (rows.length === 0) return none;
  const cells = rows.map((row) => columns.map((column) => column.cell(row)));
  const widths = columns.map((column, index) => Math.max(column.title.length, ...cells.map((row) => row[index]?.length ?? 0)));
  shrinkToFit(widths, columns, width);
  const titles = columns.map((column) => column.title.toUpperCase());
  return [titles, ...cells].map((row) => line(row, widths)).join('\n');
}

/** Takes from the widest shrinking column, one character at a time, until the table fits. */
function shrinkToFit<Row>(widths: number[], columns: readonly Column<Row>[], width: number): void {
  const total = () => widths.reduce((sum, column) => sum + column, 0) + gap.length * (widths.length - 1);
  while (total() > width) {
    let widest = -1;
    for (const [index, column] of columns.entries()) {
      if (column.shrinks && (widths[index] ?? 0) > Math.max(narrowest, widths[widest] ?? 0)) widest = index;
    }
    if (widest < 0) return;
    widths[widest] = (widths[widest] ?? 0) - 1;
  }
}

function line(row: readonly string[], widths: readonly number[]): string {
  return row
    .map((cell, index) => shortened(cell, widths[index] ?? 0).padEnd(widths[index] ?? 0))
    .join(gap)
    .trimEnd();
}

/** The text cut to a length, with an ellipsis where something is missing. */
export function shortened(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, Math.max(0, length - 1))}…`;
}
