import { AnswerProgress } from '@kubecity/conntrack';
import {
  type Dump,
  decodeRows,
  encodeDump,
  encodeLookup,
  encodeStep,
  type KernelRow,
  RowError,
  type Step,
  TUNNEL_NAMES,
  type Way,
  wayOf,
  wayOfRefusal,
} from '@kubecity/routes';
import { routeErrors as errors, NetlinkError, type RouteOperation } from './errors.ts';
import { exchange, FIRST_SEQUENCE, NETLINK_ROUTE, type Patience } from './exchange.ts';
import { sendBatches } from './route-batch.ts';

/** Links, addresses and routes of this network namespace, and what is on our tunnels. Rejects with NetlinkError. */
export interface RouteTables {
  /**
   * Every link, address and route, and the neighbours and forwarding entries of our tunnels. A table that changed while it was
   * read is read again: rows would be missing or double. `interrupted` when it never held still.
   */
  read(): Promise<KernelRow[]>;
  /** The kernel's own look-up of each address. */
  ways(addresses: Iterable<string>): Promise<Map<string, Way>>;
  /** Carries out all steps in order, also those after a refused one. Returns each one's errno (positive), 0 where it was done. */
  write(steps: readonly Step[]): Promise<number[]>;
  /** Ends what is running with `closed`; every later operation is refused with it. */
  close(): void;
}

export interface RouteTablesOptions {
  /** Readings of one table until it is uninterrupted. */
  readonly attempts?: number;
  /** For one reading, or one batch of requests. */
  readonly timeoutMs?: number;
}

const FAMILIES = ['IPv4', 'IPv6'] as const;
const TABLES: readonly Dump[] = [
  { rows: 'links' },
  { rows: 'addresses' },
  ...FAMILIES.map((family) => ({ rows: 'routes', family }) as const),
];

/** Opens nothing yet: each reading and each batch has its own socket. */
export function openRoutes({ attempts = 5, timeoutMs = 10_000 }: RouteTablesOptions = {}): RouteTables {
  const lifetime = new AbortController();
  const patience = { timeoutMs, signal: lifetime.signal };
  const refuseClosed = (operation: RouteOperation) => {
    if (lifetime.signal.aborted) throw errors.closed(operation);
  };

  async function dump(table: Dump): Promise<KernelRow[]> {
    for (let attempt = 1; attempt <= attempts; attempt += 1) {
      const { rows, interrupted } = await dumpOnce(table, patience);
      if (!interrupted) return rows;
    }
    throw errors.of('read', 'interrupted', `the ${table.rows} changed while they were read, ${attempts} times`);
  }

  async function read(): Promise<KernelRow[]> {
    refuseClosed('read');
    const rows: KernelRow[] = [];
    for (const table of TABLES) rows.push(...(await dump(table)));
    for (const family of FAMILIES) {
      const tunnel = rows.find((row) => row.row === 'link' && row.name === TUNNEL_NAMES[family]);
      if (tunnel?.row !== 'link') continue;
      const { index: device } = tunnel;
      rows.push(
        ...(await dump({ rows: 'neighbours', family, device })),
        ...(await dump({ rows: 'forwarding', device })),
      );
    }
    return rows;
  }

  async function ways(addresses: Iterable<string>): Promise<Map<string, Way>> {
    refuseClosed('lookUp');
    const asked = [...new Set(addresses)];
    const answers = await sendBatches(
      'lookUp',
      asked.map((address) => encodeLookup(address, FIRST_SEQUENCE)),
      patience,
    );
    return new Map(
      asked.map((address, index): [string, Way] => {
        const { errno = 0, message } = answers[index] ?? {};
        return [address, message === undefined ? wayOfRefusal(errno) : wayIn(message)];
      }),
    );
  }

  async function write(steps: readonly Step[]): Promise<number[]> {
    refuseClosed('write');
    const requests = steps.map((step) => encodeStep(step, FIRST_SEQUENCE));
    return (await sendBatches('write', requests, patience)).map(({ errno }) => errno);
  }

  return { read, ways, write, close: () => lifetime.abort() };
}

async function dumpOnce(table: Dump, patience: Patience): Promise<{ rows: KernelRow[]; interrupted: boolean }> {
  const progress = new AnswerProgress(FIRST_SEQUENCE);
  const rows: KernelRow[] = [];
  const take = (bytes: Uint8Array) => {
    progress.read(bytes);
    if (progress.errno !== 0) throw errors.errno('read', progress.errno);
    rows.push(...understood('read', () => decodeRows(bytes)).filter((row) => isOf(table, row)));
    return progress.finished;
  };
  const request = encodeDump(table, FIRST_SEQUENCE);
  await exchange(request, take, { operation: 'read', protocol: NETLINK_ROUTE, errors, ...patience });
  return { rows, interrupted: progress.interrupted };
}

/** A kernel without a family tells of all others instead, an old one of all devices. */
function isOf(table: Dump, row: KernelRow): boolean {
  if ('family' in table && 'family' in row && row.family !== table.family) return false;
  return !('device' in table && 'device' in row) || row.device === table.device;
}

function wayIn(message: Uint8Array): Way {
  const [row] = understood('lookUp', () => decodeRows(message));
  if (row?.row !== 'route') throw errors.of('lookUp', 'protocol', 'the answer is no route');
  return wayOf(row);
}

/** What cannot be read is no answer of rtnetlink. */
function understood(operation: RouteOperation, decode: () => KernelRow[]): KernelRow[] {
  try {
    return decode();
  } catch (error) {
    if (!(error instanceof RowError)) throw error;
    throw new NetlinkError('routes', operation, 'protocol', error.message, { cause: error });
  }
}
