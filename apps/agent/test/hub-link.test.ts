import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type {
  AgentAnswer,
  AgentQuestion,
  EdgeFrame,
  IsolationReport,
  PolicyCounts,
  RoutesReport,
  RulesReport,
} from '@kubecity/protocol';
import { type DefaultEventsMap, Server, type Socket } from 'socket.io';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { HubLink, type HubLinkOptions } from '../src/hub-link.ts';
import { HandClock } from './hand-clock.ts';

const folder = mkdtempSync(join(tmpdir(), 'kubecity-hub-link-'));
const socketPath = join(folder, 'hub.sock');
const WELCOME = { protocol: 3, interest: { services: 'all' } };
const FRAME = { seq: 0 } as EdgeFrame;

let server: Server;
let sockets: Socket<DefaultEventsMap, DefaultEventsMap>[];
let link: HubLink;
let epoch: string;
let token: string;
const told = { welcomed: vi.fn(), gone: vi.fn(), interest: vi.fn(), resync: vi.fn(), refused: vi.fn() };
const ask = vi.fn<(question: unknown) => Promise<AgentAnswer>>();
const log = { info: vi.fn(), warn: vi.fn() };

beforeEach(() => {
  vi.clearAllMocks();
  sockets = [];
  epoch = 'first';
  token = 'secret';
  const http = createServer();
  server = new Server(http);
  server.of('/agents').on('connection', (socket) => sockets.push(socket));
  http.listen(socketPath);
});
afterEach(async () => {
  link.close();
  await server.close();
});
process.once('exit', () => rmSync(folder, { recursive: true, force: true }));

const eventually = (check: () => void) => vi.waitFor(check, { timeout: 10_000, interval: 10 });

function connect(more: Partial<HubLinkOptions> = {}): void {
  const options = {
    address: { socketPath },
    token: async () => token,
    node: 'node-a',
    version: '1',
    epoch: () => epoch,
  };
  link = new HubLink({ ...options, ...told, ask, log, ...more });
}

/** The n-th connection that the hub has accepted. */
async function accepted(count = 1): Promise<Socket> {
  await eventually(() => expect(sockets).toHaveLength(count));
  return sockets.at(-1) as Socket;
}

async function welcomed(): Promise<Socket> {
  const socket = await accepted();
  socket.emit('welcome', WELCOME);
  await eventually(() => expect(told.welcomed).toHaveBeenCalledTimes(1));
  return socket;
}

it('offers its versions and tells nothing before the welcome', async () => {
  connect();
  const socket = await accepted();
  expect(socket.handshake.auth).toEqual({ protocols: [3, 2], token: 'secret', node: 'node-a', epoch, version: '1' });
  const rules = vi.fn();
  socket.on('rules', rules);
  link.sendRules({ at: 1 } as RulesReport);
  expect(link.connected).toBe(false);
  socket.emit('interest', { services: [] });
  socket.emit('welcome', WELCOME);
  await eventually(() => expect(told.welcomed).toHaveBeenCalledWith({ services: 'all' }));
  expect(told.interest).not.toHaveBeenCalled();
  link.sendRules({ at: 2 } as RulesReport);
  await eventually(() => expect(rules.mock.calls).toEqual([[{ at: 2 }]]));
});

it('says when a frame was used, and hands on what the hub wishes', async () => {
  connect();
  const socket = await welcomed();
  socket.on('edges', (_frame: EdgeFrame, taken: () => void) => taken());
  const taken = vi.fn();
  link.sendEdges(FRAME, taken);
  socket.emit('interest', { services: ['shop/cart'] });
  socket.emit('resync');
  await eventually(() => expect(taken).toHaveBeenCalledTimes(1));
  await eventually(() => expect(told.resync).toHaveBeenCalledTimes(1));
  expect(told.interest).toHaveBeenCalledWith({ services: ['shop/cart'] });
});

it('tells whole reports once a second at most, the latest: a hub turns out who says more than it wants to hear', async () => {
  const clock = new HandClock();
  connect({ clock });
  const socket = await welcomed();
  const heard: string[] = [];
  for (const event of ['routes', 'isolation', 'policyCounts']) {
    socket.on(event, ({ at }: { at: number }) => heard.push(`${event} ${at}`));
  }
  const heardSoFar = async (mark: number) => {
    link.sendPolicyCounts({ at: mark, rows: [] } satisfies PolicyCounts);
    await eventually(() => expect(heard).toContain(`policyCounts ${mark}`));
    return heard.splice(0).slice(0, -1);
  };
  for (let at = 1; at <= 100; at++) {
    link.sendRoutes({ at } as RoutesReport);
    link.sendIsolation({ at } as IsolationReport);
  }
  expect(await heardSoFar(1)).toEqual(['routes 1', 'isolation 1']);
  await clock.advance(1_000);
  expect(await heardSoFar(2)).toEqual(['routes 100', 'isolation 100']);
  await clock.advance(10_000);
  link.sendRoutes({ at: 200 } as RoutesReport);
  expect(await heardSoFar(3)).toEqual(['routes 200']);
});

it('answers questions, and passes over what it does not understand', async () => {
  connect();
  const socket = await welcomed();
  socket.emit('interest', { services: 7 });
  socket.emit('welcome', { protocol: 99, interest: { services: 'all' } });
  socket.emit('ask', { kind: 'rules', service: 'a/b' });
  ask.mockResolvedValue({ kind: 'refused', code: 'not-found', message: 'no' });
  const question: AgentQuestion = { kind: 'rules', service: 'shop/cart' };
  expect(await socket.emitWithAck('ask', question)).toEqual({ kind: 'refused', code: 'not-found', message: 'no' });
  expect(ask.mock.calls).toEqual([[question]]);
  expect(log.warn.mock.calls.map(([about]) => about)).toEqual([
    { event: 'interest' },
    { event: 'welcome' },
    { event: 'ask' },
  ]);
  expect(told.interest).not.toHaveBeenCalled();
  expect(link.connected).toBe(true);
});

it('comes back under its new epoch when that is renewed', async () => {
  connect();
  await welcomed();
  epoch = 'second';
  link.renew();
  expect(told.gone).toHaveBeenCalledTimes(1);
  const again = await accepted(2);
  expect(again.handshake.auth).toMatchObject({ epoch: 'second' });
  again.emit('welcome', WELCOME);
  await eventually(() => expect(told.welcomed).toHaveBeenCalledTimes(2));
});

it('takes a hub for gone that never welcomes it, or never uses a frame', async () => {
  server.of('/agents').on('connection', (socket) => {
    if (sockets.length === 2) socket.emit('welcome', WELCOME);
  });
  connect({ silentMs: 500 });
  await accepted(2);
  await eventually(() => expect(link.connected).toBe(true));
  const taken = vi.fn();
  link.sendEdges(FRAME, taken);
  await accepted(3);
  expect(taken).not.toHaveBeenCalled();
  expect(log.warn.mock.calls.map(([about]) => about)).toEqual([
    { reason: 'no welcome', silentMs: 500 },
    { reason: 'frames are not used', silentMs: 500 },
  ]);
});

it('says once that the hub is gone, and is welcome again by itself', async () => {
  connect();
  const socket = await welcomed();
  link.sendEdges(FRAME, () => {});
  socket.conn.close();
  const again = await accepted(2);
  expect(told.gone).toHaveBeenCalledTimes(1);
  again.emit('welcome', WELCOME);
  await eventually(() => expect(told.welcomed).toHaveBeenCalledTimes(2));
  expect(log.warn).toHaveBeenCalledTimes(1);
});

it('shows the token as it is by now, at each connection and when it is asked', async () => {
  connect();
  const first = await welcomed();
  token = 'renewed';
  expect(await first.emitWithAck('prove')).toEqual({ token: 'renewed' });
  first.conn.close();
  expect((await accepted(2)).handshake.auth).toMatchObject({ token: 'renewed' });
});

it('waits for a token that cannot be read, and says so once', async () => {
  let there = false;
  const read = async () => {
    if (there) return 'late';
    throw new Error('ENOENT: token');
  };
  connect({ token: read });
  await eventually(() =>
    expect(log.warn.mock.calls).toEqual([[{ reason: 'ENOENT: token' }, 'the token cannot be read']]),
  );
  there = true;
  expect((await accepted()).handshake.auth).toMatchObject({ token: 'late' });
});

it('tells once why it is refused, and tries again', async () => {
  let refusals = 0;
  server.of('/agents').use((_socket, next) => {
    if (++refusals > 2) return next();
    next(Object.assign(new Error('the token is of node-b'), { data: { code: 'forbidden' } }));
  });
  connect();
  await accepted();
  expect(told.refused.mock.calls).toEqual([['forbidden', 'the token is of node-b']]);
  expect(log.warn.mock.calls).toEqual([
    [{ code: 'forbidden', reason: 'the token is of node-b' }, 'the hub does not let us in; routing goes on'],
  ]);
}, 15_000);

it('speaks to a hub of the version before in its words', async () => {
  connect();
  const socket = await accepted();
  const rules = vi.fn();
  socket.on('rules', rules);
  socket.emit('welcome', { ...WELCOME, protocol: 2 });
  await eventually(() => expect(link.connected).toBe(true));
  link.sendRules({ at: 1, mode: 'observe', inSync: true } as unknown as RulesReport);
  await eventually(() => expect(rules).toHaveBeenCalledTimes(1));
  expect(rules.mock.calls[0]?.[0]).toMatchObject({ mode: 'replace', inSync: false });
});
