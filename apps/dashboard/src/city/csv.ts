/** What a cell of a table is worth: undefined is unknown, which is an empty cell and never a zero. */
export type CsvValue = string | number | undefined;

/**
 * RFC 4180: CRLF after every line, quotes around what needs them. A text that a spreadsheet would take for a formula gets
 * a leading quote mark, as names in a cluster are not all ours (OWASP, CSV injection). Numbers stay numbers.
 */
export function csvOf(heads: readonly string[], rows: Iterable<readonly CsvValue[]>): string {
  let text = lineOf(heads);
  for (const row of rows) text += lineOf(row);
  return text;
}

export const lineOf = (values: readonly CsvValue[]): string => `${values.map(cellOf).join(',')}\r\n`;

function cellOf(value: CsvValue): string {
  if (value === undefined) return '';
  // Rates are means of a few seconds: a millionth of a connection means nothing.
  if (typeof value === 'number') return Number.isFinite(value) ? String(Math.round(value * 1e6) / 1e6) : '';
  const safe = /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
