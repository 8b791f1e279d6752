/** Two names to the left, figures to the right; a row of three says what went wrong, as long as that takes. */
export function aligned(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] as readonly string[]).map((_, column) =>
    Math.max(...rows.filter((row) => row.length > 3).map((row) => row[column]?.length ?? 0)),
  );
  const cell = (text: string, column: number) =>
    column < 2 ? text.padEnd(widths[column] as number) : text.padStart(widths[column] as number);
  return rows.map((row) => row.map(cell).join('  ').trimEnd()).join('\n');
}
