import type { AuditEntry } from '@kubecity/protocol';
import type { History } from '../history/history.ts';

/** Changes in one export. */
const MOST = 100_000;

const COLUMNS = [
  'at',
  'who',
  'how',
  'what',
  'kind',
  'namespace',
  'name',
  'service',
  'reason',
  'outcome',
  'before',
  'after',
  'id',
  'of',
  'uid',
  'generation',
] as const satisfies readonly (keyof AuditEntry)[];

export interface AuditSpan {
  /** Unix ms. */
  readonly since?: number;
  readonly until?: number;
  readonly format: 'json' | 'csv';
}

/** The audit trail as text, the newest first: JSON with `entries` and `truncated`, or CSV (RFC 4180). */
export async function exportAudit(history: Pick<History, 'ask'>, { format, ...span }: AuditSpan): Promise<string> {
  const answer = await history.ask({ kind: 'audit', ...span, limit: MOST });
  if (answer.kind !== 'audit') throw new Error(answer.kind === 'refused' ? answer.message : 'no audit trail');
  if (format === 'json') return `${JSON.stringify({ entries: answer.entries, truncated: answer.truncated })}\n`;
  return [COLUMNS, ...answer.entries.map(rowOf)].map((row) => `${row.map(cell).join(',')}\r\n`).join('');
}

function rowOf(entry: AuditEntry): readonly unknown[] {
  return COLUMNS.map((column) => (column === 'at' ? new Date(entry.at).toISOString() : entry[column]));
}

/** Quoted always; what a spreadsheet would take for a formula begins with an apostrophe. */
function cell(value: unknown): string {
  const text = value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value);
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return `"${safe.replaceAll('"', '""')}"`;
}
