/** Child of the bench, in a network namespace of its own: Node objects to routes in the kernel, and what changes cost. */
import { execFileSync } from 'node:child_process';
import { openRoutes } from '@kubecity/netlink';
import { difference, EMPTY_PLAN, KernelState, PeerBook, type Step } from '@kubecity/routes';
import { RouteSync } from '../../apps/agent/src/routes/route-sync.ts';
import { request } from '../namespace.ts';
import { median, since } from '../statistics.ts';
import { batchFloor } from './floor.ts';
import { node, nodes, OWN, SETUP, type Size } from './world.ts';

export interface Cost {
  readonly wall: number;
  /** Of our own process, the kernel's work for it included. */
  readonly processor: number;
}

export interface RoutesAnswer {
  /** How many steps the first programming took. */
  readonly steps: number;
  /** Milliseconds. */
  readonly costs: Readonly<Record<string, Cost>>;
  readonly floor: number;
  /** Bytes: resident after everything. */
  readonly memory: number;
}

const { size, repeat } = request<{ readonly size: Size; readonly repeat: number }>();
execFileSync('sh', ['-ec', SETUP], { stdio: 'inherit' });

const settings = { mode: 'auto', vxlanId: 4242, vxlanPort: 4789 } as const;
const book = new PeerBook(OWN, settings.vxlanId);
for (const each of nodes(size)) book.set(each);
const tables = openRoutes();
let sync = new RouteSync(tables, settings);

/** One pass as the agent makes it; throws unless it did what it should. */
async function compare(expected: number | undefined): Promise<readonly Step[]> {
  const peers = book.peers();
  if (!peers.own) throw new Error(`${OWN} is not there`);
  const { done, refusals } = await sync.compare({ ...peers, own: peers.own });
  if (refusals.length > 0) throw new Error(refusals[0]);
  if (expected !== undefined && done.length !== expected)
    throw new Error(`${done.length} steps instead of ${expected}`);
  return done;
}

/** The middle one of several. */
async function measure(
  act: (turn: number) => Promise<unknown>,
  reset: () => Promise<unknown>,
  turns = repeat,
): Promise<Cost> {
  const costs: Cost[] = [];
  for (let turn = 0; turn < turns; turn++) {
    await reset();
    const before = process.cpuUsage();
    const start = process.hrtime.bigint();
    await act(turn);
    const wall = since(start);
    const { user, system } = process.cpuUsage(before);
    costs.push({ wall, processor: (user + system) / 1000 });
  }
  return { wall: median(costs.map(({ wall }) => wall)), processor: median(costs.map(({ processor }) => processor)) };
}

/** Nothing of ours in the kernel, nothing known of it. */
async function clear(): Promise<void> {
  const { steps } = difference(new KernelState(await tables.read()), EMPTY_PLAN);
  await tables.write(steps);
  sync = new RouteSync(tables, settings);
}

const families = size.families === 'both' ? 2 : 1;
const perPeer = families * (size.way === 'vxlan' ? 3 : 1);
let steps = 0;
const nothing = async () => {};
const changed = (turn: number) => node(7, size.way, size.families, turn % 2 === 0 ? 20_000 : 0);

const cold = await measure(async () => {
  steps = (await compare(undefined)).length;
}, clear);
const full = await measure(
  () => compare(0),
  async () => sync.forget(),
);
const moved = await measure(
  async (turn) => {
    book.set(changed(turn));
    // A route stays where only the tunnel's other end is another: neighbour, forwarding to the new and not to the old.
    await compare(perPeer);
  },
  nothing,
  repeat * 2,
);
const goneAndBack = await measure(
  async (turn) => {
    if (turn % 2 === 0) book.delete('node-7');
    else book.set(node(7, size.way, size.families));
    await compare(perPeer);
  },
  nothing,
  repeat * 2,
);

const memory = process.memoryUsage.rss();
const found = new KernelState(await tables.read());
const peers = book.peers();
if (!peers.own) throw new Error(`${OWN} is not there`);
const { plan } = await sync.compare({ ...peers, own: peers.own });
const onTunnels = difference(found, { ...EMPTY_PLAN, tunnels: plan.tunnels }).steps;
const floors: number[] = [];
for (let turn = 0; turn < repeat; turn++) {
  await tables.write(onTunnels);
  floors.push(batchFloor(plan, found));
}

const answer: RoutesAnswer = {
  steps,
  costs: { cold, full, moved, 'gone or back': goneAndBack },
  floor: median(floors),
  memory,
};
process.stdout.write(JSON.stringify(answer));
tables.close();
