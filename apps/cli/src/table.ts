/** One column of a table: its head and what it says of one thing. */
export interface Column<T> {
  readonly head: string;
  /** Unknown is `-`, as `kubectl` writes it. */
  readonly cell: (one: T) => string | number | undefined;
  /** With `-o wide` only. */
  readonly wide?: boolean;
  readonly right?: boolean;
}

/** Lines of a table whose columns stand under each other. */
export function tableLines<T>(columns: readonly Column<T>[], things: readonly T[], wide: boolean): string[] {
  const shown = columns.filter((column) => wide || !column.wide);
  const rows = things.map((thing) => shown.map(({ cell }) => String(cell(thing) ?? '-') || '-'));
  const all = [shown.map(({ head }) => head), ...rows];
  const widths = shown.map((_, i) => Math.max(...all.map((row) => [...(row[i] ?? '')].length)));
  return all.map((row) =>
    row
      .map((text, i) => {
        const gap = ' '.repeat((widths[i] ?? 0) - [...text].length);
        return shown[i]?.right ? gap + text : text + gap;
      })
      .join('   ')
      .trimEnd(),
  );
}
