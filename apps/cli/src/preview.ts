import type { NodeDifference, PlannedWrite, ShareRow, ShareTable, SteerPreview } from '@kubecity/protocol';
import { stringify } from 'yaml';
import { counted, percent, weightText } from './figures.ts';
import { type Column, tableLines } from './table.ts';
import type { Terminal } from './terminal.ts';

/** What would be written, who would get which share, and what each node would change in its kernel; as lines. */
export function previewLines(preview: SteerPreview, wide: boolean, paint: Terminal['paint']): string[] {
  const { writes, tables, truncated, nodes } = preview;
  return [
    ...writes.flatMap((write) => writeLines(write, paint)),
    ...tables.flatMap((table) => ['', ...shareLines(table, wide, paint)]),
    ...(truncated ? ['', 'There are more service ports than are told here.'] : []),
    ...nodes.flatMap((node) => ['', ...differenceLines(node, paint)]),
  ];
}

const VERBS = { create: 'would make', replace: 'would change', delete: 'would delete' } as const;

function writeLines({ verb, kind, namespace, name, after }: PlannedWrite, paint: Terminal['paint']): string[] {
  const title = `${VERBS[verb]} ${kind} ${namespace === undefined ? '' : `${namespace}/`}${name}`;
  const spec = after === undefined ? [] : stringify(after).trimEnd().split('\n');
  return [paint('bold', title), ...spec.map((line) => `    ${line}`)];
}

/** Weight, share and (where it is measured) rate, before and after, of every backend of a service port. */
export function shareLines(table: ShareTable, wide: boolean, paint: Terminal['paint']): string[] {
  const { servicePort, rows, active, affinity } = table;
  const arrow = (before: string, after: string) => (before === after ? after : `${before} → ${after}`);
  const weight = ({ weight, draining }: ShareRow['before']) => (draining ? 'drain' : weightText(weight));
  const rated = rows.some(({ rateBefore }) => rateBefore !== undefined);
  const columns: Column<ShareRow>[] = [
    { head: 'BACKEND', cell: ({ backend, pod }) => pod ?? backend.slice(backend.lastIndexOf('|') + 1) },
    { head: 'ADDRESS', cell: ({ backend }) => backend.slice(backend.lastIndexOf('|') + 1), wide: true },
    { head: 'NODE', cell: ({ node }) => node },
    { head: 'WEIGHT', cell: ({ before, after }) => arrow(weight(before), weight(after)) },
    { head: 'SHARE', cell: ({ before, after }) => arrow(percent(before.share), percent(after.share)) },
    ...(rated
      ? [
          {
            head: 'NEW CONN/S',
            cell: ({ rateBefore, rateAfter }: ShareRow) => arrow(rate(rateBefore), rate(rateAfter)),
          },
        ]
      : []),
  ];
  const [head = '', ...lines] = tableLines(columns, rows, wide);
  const counts = `${arrow(String(active.before), String(active.after))} of ${active.of} take new connections, at least ${active.floor}`;
  return [
    `${paint('bold', servicePort)}  ${counts}${affinity ? '; clients are held, so shares are of new clients' : ''}`,
    paint('dim', `  ${head}`),
    ...lines.map((line) => `  ${line}`),
  ];
}

const rate = (perSecond: number | undefined) =>
  perSecond === undefined ? '?' : String(Math.round(perSecond * 10) / 10);

/** Chains of one node as a difference of their rules. */
export function differenceLines({ node, chains = [], error }: NodeDifference, paint: Terminal['paint']): string[] {
  const trouble = error === undefined ? '' : `  ${error}`;
  const head = `${paint('bold', `node ${node}`)}  ${counted(chains.length, 'chain')} would differ${trouble}`;
  return [
    head,
    ...chains.flatMap(({ family, table, chain, before, after }) => {
      const [old, fresh] = [new Set(before), new Set(after)];
      return [
        `  ${family} ${table} ${chain}`,
        ...before.filter((rule) => !fresh.has(rule)).map((rule) => paint('red', `  - ${rule}`)),
        ...after.filter((rule) => !old.has(rule)).map((rule) => paint('green', `  + ${rule}`)),
      ];
    }),
  ];
}
