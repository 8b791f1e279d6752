/**
 * The process that reads connections for an agent. It owns the netlink sockets, the decoder, the directory and the ledger,
 * so that neither their CPU time nor their memory nor their death is the routing's. A process, not a thread: npm `netlink`
 * throws in C++ when a thread ends in the middle of a dump (`terminate()`, or a heap at its limit), and that aborts everything.
 */
import { Directory, type DirectoryChange } from '@kubecity/conntrack';
import { openConntrack, watchRefusals } from '@kubecity/netlink';
import type { CutOrder } from '../draining/cut-order.ts';
import { Collector } from './collector.ts';
import type { AccountingSettings, FromAccounting, ToAccounting } from './messages.ts';
import { isTableQuestion, OpenConnections } from './open-connections.ts';

const conntrack = openConntrack();
const stopping = new AbortController();
/** Its dumps are its own: the collector's would be in their way. */
const table = openConntrack();
const connections = new OpenConnections({
  conntrack: table,
  now: () => performance.now(),
  cpu: cpuMilliseconds,
  signal: stopping.signal,
});
let early: DirectoryChange[] = [];
let orders: readonly CutOrder[] = [];
let collector: Collector | undefined;

function begin(settings: AccountingSettings): void {
  collector = new Collector({
    settings,
    directory: new Directory({ node: settings.node }),
    conntrack,
    watchRefusals,
    now: Date.now,
    ticks: () => performance.now(),
    cpu: cpuMilliseconds,
    residentBytes: () => process.memoryUsage.rss(),
    sweep: () => globalThis.gc?.({ type: 'minor' }),
    tell,
  });
  collector.apply(early);
  early = [];
  collector.order(orders);
  collector.run().then(leave, (error: unknown) => {
    console.error(error);
    process.exit(1);
  });
}

const hear: { readonly [kind in ToAccounting['kind']]: (message: Extract<ToAccounting, { kind: kind }>) => void } = {
  begin: ({ settings }) => begin(settings),
  directory: ({ changes }) => {
    if (collector) collector.apply(changes);
    else early = early.concat(changes);
  },
  link: ({ link, interest }) => collector?.outlet.listen(link, interest),
  unlink: () => collector?.outlet.unlisten(),
  interest: ({ interest }) => collector?.outlet.look(interest),
  resync: () => collector?.outlet.resync(),
  taken: ({ link }) => collector?.outlet.taken(link),
  ask: (message) => void answer(message),
  cut: (message) => {
    orders = message.orders;
    collector?.order(orders);
  },
  stop: () => end(),
};

async function answer({ id, question }: Extract<ToAccounting, { kind: 'ask' }>): Promise<void> {
  try {
    if (isTableQuestion(question)) tell({ kind: 'answer', id, answer: await connections.answer(question) });
    else if (collector) tell({ kind: 'answer', id, answer: await collector.answer(question) });
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    tell({ kind: 'answer', id, answer: { kind: 'refused', code: 'failed', message: message.slice(0, 1024) } });
  }
}

/** An agent that was killed hears nothing any more, which ends us; thrown, that error would pass the addon and abort. */
function tell(message: FromAccounting): void {
  if (process.connected) process.send?.(message, undefined, undefined, (error) => error && end());
}

function end(): void {
  collector?.stop();
  stopping.abort();
  conntrack.close();
  table.close();
  if (!collector) leave();
}

function leave(): void {
  if (process.connected) process.disconnect();
  process.exit();
}

function cpuMilliseconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

process.on('message', (message: ToAccounting) => hear[message.kind](message as never));
process.once('disconnect', end);
// Ctrl-C reaches the whole group; the agent says when it is time.
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => {});
