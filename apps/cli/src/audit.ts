import type { Connection } from './connection.ts';
import { seconds } from './duration.ts';
import { EXIT } from './failure.ts';
import { type Format, tell, type View } from './output.ts';
import type { Terminal } from './terminal.ts';
import { readTrail, type TrailEntry } from './trail.ts';

export interface AuditFlags {
  readonly since?: string;
  readonly until?: string;
  readonly output: Format | 'csv';
}

const view: View<TrailEntry> = {
  none: 'Nothing was changed in that time.',
  name: ({ id }) => `change/${id}`,
  columns: [
    { head: 'WHEN', cell: ({ at }) => new Date(at).toISOString().replace(/\.\d+Z$/, 'Z') },
    { head: 'WHO', cell: ({ who }) => who },
    { head: 'HOW', cell: ({ how }) => how },
    { head: 'WHAT', cell: ({ what }) => what },
    { head: 'OVERRIDE', cell: ({ namespace, name }) => (namespace === undefined ? name : `${namespace}/${name}`) },
    { head: 'REASON', cell: ({ reason }) => reason },
    { head: 'OUTCOME', cell: ({ outcome }) => outcome, wide: true },
    { head: 'CHANGE', cell: ({ id }) => id },
  ],
};

export async function audit(flags: AuditFlags, connection: Connection, terminal: Terminal): Promise<number> {
  const { output } = flags;
  const now = terminal.now();
  const query = { since: pastTime(flags.since, '--since', now), until: pastTime(flags.until, '--until', now) };
  const dashboard = await connection.dashboard();
  if (output === 'csv') {
    terminal.out((await dashboard.audit({ ...query, format: 'csv' })).trimEnd());
    return EXIT.done;
  }
  const { entries, truncated } = await readTrail(dashboard, query);
  tell(entries, view, output, terminal);
  if (truncated) terminal.say('There are older ones: give a shorter time with --since and --until.');
  return EXIT.done;
}

/** Unix ms of `2h` ago, or of an RFC 3339 time. @throws Failure `usage` */
function pastTime(text: string | undefined, option: string, now: number): number | undefined {
  if (text === undefined) return undefined;
  const at = Date.parse(text);
  return /^\d{4}-/.test(text) && !Number.isNaN(at) ? at : Math.max(0, now - seconds(text, option) * 1000);
}
