/**
 * What it costs to read a large conntrack table: `npm run bench conntrack [entries]` (100,000 unless told). Fills
 * the table of a network namespace of its own through ctnetlink, then measures the accounting's dump beside a dump that
 * nobody decodes (the floor) and `conntrack -L | wc -l` (the naive way). CPU is user + system of this process; for the
 * conntrack tool its own.
 */
import { execFileSync, spawnSync } from 'node:child_process';
import {
  AnswerProgress,
  emptyFlowRow,
  encodeCreateRequest,
  FlowDecoder,
  FlowLedger,
  type FlowRow,
  parseIPv4,
  TCP_STATE,
} from '@kubecity/conntrack';
import { openConntrack } from '@kubecity/netlink';
import { RawNetlinkSocket } from 'netlink';
import { inOwnMachine } from './namespace.ts';

const OWN_NAMESPACE = '--in-own-namespace';
const RUNS = 5;
/** More unread acknowledgements than this can overrun the socket. */
const IN_FLIGHT = 64;
const SERVICES = 100;
const CLIENTS = 200;

const [entriesText = '100000'] = process.argv.slice(2).filter((word) => word !== OWN_NAMESPACE);
const entries = Number(entriesText);
if (!Number.isSafeInteger(entries) || entries < 1) throw new RangeError(`no number of entries: ${entriesText}`);

if (process.argv.includes(OWN_NAMESPACE)) await measure();
else {
  const again = [process.execPath, '--expose-gc', import.meta.filename, String(entries), OWN_NAMESPACE];
  const [command, ...args] = inOwnMachine(...again);
  process.exitCode = spawnSync(command, args, { stdio: 'inherit' }).status ?? 1;
}

/** Connection `index` of the table: a client of 200 to a Service of 100 with ten backends. */
function connection(index: number): FlowRow {
  const service = index % SERVICES;
  return {
    ...emptyFlowRow(),
    protocol: 6,
    source: parseIPv4('10.1.0.1') + (index % CLIENTS),
    sourcePort: 1024 + Math.floor(index / CLIENTS),
    destination: parseIPv4('10.96.0.1') + service,
    destinationPort: 80,
    replySource: parseIPv4('10.2.0.1') + service * 10 + (Math.floor(index / SERVICES) % 10),
    replySourcePort: 8080,
    tcpState: TCP_STATE.established,
    timeout: 3600,
  };
}

async function fill(): Promise<void> {
  // The package declares all its options as needed, though it has a default for each.
  const socket = new RawNetlinkSocket(12, { messagePeeking: false, msgBufferSize: 65536 } as never);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let sent = 0;
  let answered = 0;
  const send = () => {
    for (; sent < entries && sent - answered < IN_FLIGHT; sent += 1) {
      socket.send(Buffer.from(encodeCreateRequest(connection(sent), sent + 1).buffer));
    }
  };
  socket.on('error', reject);
  socket.on('message', (bytes) => {
    const progress = new AnswerProgress(answered + 1);
    progress.read(bytes);
    if (!progress.finished || progress.errno) reject(new Error(`entry ${answered}: errno ${progress.errno}`));
    answered += 1;
    if (answered === entries) resolve();
    else send();
  });
  send();
  await promise.finally(() => setImmediate(() => socket.close()));
}

interface Cost {
  readonly wall: number;
  readonly cpu: number;
}

async function cost(act: () => Promise<unknown>): Promise<Cost> {
  const cpu = process.cpuUsage();
  const start = performance.now();
  await act();
  const wall = performance.now() - start;
  const { user, system } = process.cpuUsage(cpu);
  return { wall, cpu: (user + system) / 1000 };
}

function naive(): Cost {
  const start = performance.now();
  const times = execFileSync('sh', ['-c', 'conntrack -L 2>&- | wc -l >&2; times'], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const wall = performance.now() - start;
  // Second line of `times`: user and system of the children, as 0m0.12s.
  const children = times.trim().split('\n')[1] as string;
  const seconds = [...children.matchAll(/(\d+)m([\d.]+)s/g)].map(([, m, s]) => Number(m) * 60 + Number(s));
  return { wall, cpu: seconds.reduce((sum, each) => sum + each, 0) * 1000 };
}

async function measure(): Promise<void> {
  const filling = await cost(fill);
  const source = openConntrack({ destinationNatOnly: true });
  console.log(`${(await source.stats()).entries} entries, made in ${Math.round(filling.wall)} ms\n`);

  const ledger = new FlowLedger({
    directory: {
      servicePort: (_protocol, address, port) => `bench/${address}:${port}/TCP`,
      client: (address) => ({ kind: 'outside', address }),
    },
  });
  let rows = 0;
  const decoder = new FlowDecoder(() => {
    rows += 1;
  });
  const accountant = new FlowDecoder((row) => ledger.add(row));
  const account = async () => {
    ledger.begin(Date.now());
    await source.dump((bytes) => accountant.read(bytes));
    ledger.end(true);
  };
  let decoding = 0;
  const timed = (read: (bytes: Uint8Array) => void) => (bytes: Uint8Array) => {
    const start = performance.now();
    read(bytes);
    decoding += performance.now() - start;
  };

  globalThis.gc?.();
  const before = process.memoryUsage();
  const first = await cost(account);
  globalThis.gc?.();
  const after = process.memoryUsage();
  const table: [string, Cost][] = [
    ['bare dump (floor)', await median(() => cost(() => source.dump(() => {})))],
    ['dump + decode', await median(() => cost(() => source.dump(timed((bytes) => decoder.read(bytes)))))],
    ['dump + decode + ledger, first dump', first],
    ['dump + decode + ledger, steady', await median(() => cost(account))],
    ['conntrack -L | wc -l', await median(async () => naive())],
  ];
  source.close();

  console.log(`${'ms, median of 5'.padEnd(38)}    wall     CPU`);
  for (const [what, { wall, cpu }] of table) {
    console.log(`${what.padEnd(38)}${wall.toFixed(0).padStart(8)}${cpu.toFixed(0).padStart(8)}`);
  }
  const held = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers;
  console.log(`\ndecoding alone: ${(decoding / RUNS).toFixed(0)} ms; rows ${rows / RUNS}; edges ${ledger.edges.size}`);
  console.log(
    `ledger of ${ledger.flows} flows: ${(held / 2 ** 20).toFixed(1)} MiB; process ${(process.memoryUsage.rss() / 2 ** 20).toFixed(0)} MiB`,
  );
}

async function median(run: () => Promise<Cost>): Promise<Cost> {
  const costs: Cost[] = [];
  for (let n = 0; n < RUNS; n += 1) costs.push(await run());
  return costs.sort((a, b) => a.wall - b.wall)[RUNS >> 1] as Cost;
}
