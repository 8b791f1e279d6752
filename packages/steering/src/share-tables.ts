import type { ShareRow, ShareTable } from '@kubecity/protocol';
import { type Backend, floorOf, type RoutingTable, type ServicePort } from '@kubecity/routing';
import { backendId } from './backend-id.ts';

/** Service ports that one answer tells, those that change first. */
const MOST_TABLES = 50;
const MOST_ROWS = 5000;
const MOST_ROWS_OF_PORT = 2000;

export interface ShareTables {
  readonly tables: readonly ShareTable[];
  readonly truncated: boolean;
}

/**
 * Who gets which part of the new connections, before and after: a table for each service port in each family, since shares
 * are of the connections of a family (`servicePort` is its id).
 * @param concerned ids of service ports to be told even if nothing changes
 */
export function shareTables(before: RoutingTable, after: RoutingTable, concerned: ReadonlySet<string>): ShareTables {
  const all: { table: ShareTable; changes: boolean }[] = [];
  let rows = 0;
  let truncated = false;
  for (const [id, port] of after.servicePorts) {
    const old = before.servicePorts.get(id);
    const changes = old === undefined || old.backends.some((backend, i) => differs(backend, port.backends[i]));
    if (changes || concerned.has(id)) all.push({ table: shareTable(old ?? port, port), changes });
  }
  all.sort((a, b) => Number(b.changes) - Number(a.changes) || (a.table.servicePort < b.table.servicePort ? -1 : 1));
  const tables: ShareTable[] = [];
  for (const { table } of all) {
    rows += table.rows.length;
    truncated ||= table.rows.length > MOST_ROWS_OF_PORT;
    if (tables.length >= MOST_TABLES || (rows > MOST_ROWS && tables.length > 0)) return { tables, truncated: true };
    tables.push({ ...table, rows: table.rows.slice(0, MOST_ROWS_OF_PORT) });
  }
  return { tables, truncated };
}

export function differs(a: Backend, b: Backend | undefined): boolean {
  return a.weight !== b?.weight || a.draining !== b.draining || a.overrideUid !== b.overrideUid;
}

function shareTable(before: ServicePort, after: ServicePort): ShareTable {
  const [totalBefore, totalAfter] = [total(before), total(after)];
  const old = new Map(before.backends.map((backend) => [backendId(before.key, backend), backend]));
  const rows = after.backends.map((backend): ShareRow => {
    const id = backendId(after.key, backend);
    return {
      backend: id,
      ...(backend.podName !== undefined && { pod: backend.podName }),
      ...(backend.node !== undefined && { node: backend.node }),
      before: part(old.get(id) ?? backend, totalBefore),
      after: part(backend, totalAfter),
    };
  });
  const { active, floor, of } = floorOf(after);
  return {
    servicePort: after.id,
    rows,
    active: { before: floorOf(before).active, after: active, floor, of },
    affinity: after.affinitySeconds !== undefined,
  };
}

const counting = ({ usable, weight }: Backend) => (usable ? weight : 0);
const total = ({ backends }: ServicePort) => backends.reduce((sum, backend) => sum + counting(backend), 0);

function part(backend: Backend, total: number): ShareRow['before'] {
  return {
    weight: backend.weight,
    share: total === 0 ? 0 : counting(backend) / total,
    draining: backend.draining,
  };
}

/**
 * The tables with what was measured: the same connections as now, divided as the table says.
 * @param rateOf new connections a second of a backend id; undefined = not known
 */
export function withRates(
  tables: readonly ShareTable[],
  rateOf: (backend: string) => number | undefined,
): ShareTable[] {
  return tables.map((table) => {
    const rates = table.rows.map(({ backend }) => rateOf(backend));
    // one that is not known would make the others' part too large
    const known = rates.every((rate) => rate !== undefined);
    const sum = rates.reduce<number>((sum, rate) => sum + (rate ?? 0), 0);
    const rows = table.rows.map((row, i) => ({
      ...row,
      ...(rates[i] !== undefined && { rateBefore: rates[i] }),
      ...(known && { rateAfter: rounded(sum * row.after.share) }),
    }));
    return { ...table, rows };
  });
}

const rounded = (rate: number) => Math.round(rate * 100) / 100;
