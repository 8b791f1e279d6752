import { IsolationTracker } from '@kubecity/isolation';
import { expect, it, vi } from 'vitest';
import type { AccountingAnswer, AccountingQuestion, OpenAttempt } from '../../src/accounting/messages.ts';
import { NarrowedFlows } from '../../src/isolation/narrowed-flows.ts';
import { HandClock } from '../hand-clock.ts';

const GUEST = '10.244.2.7';
const STRANGER = '10.244.2.8';
const SERVER = '10.244.1.5';
const NODE = '192.168.1.11';
/** Of the node, too, though its object does not say so. */
const BRIDGE = '10.244.1.1';

function start() {
  const tracker = new IsolationTracker('node-a');
  const pod = (name: string, nodeName: string, podIP: string) =>
    tracker.setPod({
      metadata: { namespace: 'shop', name, labels: { app: name } },
      spec: { nodeName },
      status: { phase: 'Running', podIP },
    });
  tracker.setNode({ metadata: { name: 'node-a' }, status: { addresses: [{ type: 'InternalIP', address: NODE }] } });
  pod('guest', 'node-b', GUEST);
  pod('stranger', 'node-b', STRANGER);
  pod('server', 'node-a', SERVER);
  pod('open', 'node-a', '10.244.1.6');
  const close = () => {
    tracker.setPolicy({
      metadata: { namespace: 'shop', name: 'guests' },
      spec: {
        podSelector: { matchLabels: { app: 'server' } },
        ingress: [{ from: [{ podSelector: { matchLabels: { app: 'guest' } } }], ports: [{ port: 80 }] }],
      },
    });
    tracker.take();
  };
  tracker.take();
  const clock = new HandClock();
  const state = { open: [] as OpenAttempt[], whole: true, left: 0, away: false, cpuMs: 0, enforced: true };
  const asked: AccountingQuestion[] = [];
  const order: string[] = [];
  const ask = async (question: AccountingQuestion): Promise<AccountingAnswer> => {
    asked.push(question);
    order.push(question.kind);
    if (state.away) return { kind: 'refused', code: 'failed', message: 'nobody is there' };
    if (question.kind === 'attempts') {
      return { kind: 'attempts', attempts: state.open, whole: state.whole, cpuMs: state.cpuMs };
    }
    if (question.kind !== 'endAttempts') throw new Error(question.kind);
    const { left } = state;
    state.left = 0;
    return { kind: 'endAttempts', ended: question.attempts.length, left };
  };
  const restore = vi.fn(async (text: string) => order.push(text) * 0);
  const ended = vi.fn();
  const log = { info: vi.fn(), warn: vi.fn() };
  const flows = new NarrowedFlows({
    tracker,
    nodeName: 'node-a',
    localAddresses: (family) => (family === 'IPv4' ? [NODE, BRIDGE] : []),
    isEnforced: () => state.enforced,
    endedSet: (family) => (family === 'IPv4' ? 'CITY-I4-ended' : undefined),
    ipset: { restore },
    ask,
    metrics: { ended },
    clock,
    log,
  });
  return { tracker, close, clock, state, asked, order, ended, log, flows };
}

const tcp = (from: string, to: string, port = 80): OpenAttempt => [from, to, 'TCP', port];

it('ends what is refused now, and bars its way back before', async () => {
  const { close, clock, state, asked, order, ended, log, flows } = start();
  state.open = [
    tcp(GUEST, SERVER),
    tcp(GUEST, SERVER, 81),
    tcp(STRANGER, SERVER),
    [STRANGER, SERVER, 'UDP', 53],
    tcp(NODE, SERVER),
    tcp(SERVER, STRANGER),
  ];
  close();
  flows.look();
  await clock.advance(0);
  const refused = [tcp(GUEST, SERVER, 81), tcp(STRANGER, SERVER), [STRANGER, SERVER, 'UDP', 53]];
  expect(asked).toEqual([
    { kind: 'attempts', addresses: [SERVER] },
    { kind: 'endAttempts', attempts: refused, perSecond: 2000 },
  ]);
  const members = [`${SERVER},tcp:81,${GUEST}`, `${SERVER},tcp:80,${STRANGER}`];
  expect(order).toEqual([
    'attempts',
    members.map((member) => `add CITY-I4-ended ${member} -exist\n`).join(''),
    'endAttempts',
  ]);
  expect(ended).toHaveBeenCalledWith(3);
  expect(log.info).toHaveBeenCalledWith({ connections: 3, left: 0, policies: ['shop/guests'] }, expect.any(String));
});

it('leaves alone what is between a pod and any address of its node, which no rule refuses', async () => {
  const { tracker, close, clock, state, asked, flows } = start();
  state.open = [tcp(BRIDGE, SERVER), tcp(SERVER, BRIDGE)];
  close();
  tracker.setPolicy({
    metadata: { namespace: 'shop', name: 'silent' },
    spec: { podSelector: { matchLabels: { app: 'server' } }, policyTypes: ['Egress'] },
  });
  tracker.take();
  flows.look();
  await clock.advance(0);
  expect(asked.map(({ kind }) => kind)).toEqual(['attempts']);
});

it('ends nothing while nothing is enforced here, also at the look that comes without a reason', async () => {
  const { close, clock, state, asked, flows } = start();
  close();
  flows.look();
  await clock.advance(0);
  expect(asked).toHaveLength(1);
  state.open = [[STRANGER, SERVER, 'UDP', 53]];
  state.enforced = false;
  await clock.advance(3_600_000);
  expect(asked).toHaveLength(1);
  state.enforced = true;
  await clock.advance(3_600_000);
  expect(asked.map(({ kind }) => kind)).toEqual(['attempts', 'attempts', 'endAttempts']);
});

it('asks nobody while no pod of the node is closed, and ends nothing that is allowed', async () => {
  const { close, clock, state, asked, flows } = start();
  state.open = [tcp(GUEST, SERVER)];
  flows.look();
  await clock.advance(0);
  expect(asked).toEqual([]);
  close();
  flows.look();
  await clock.advance(1000);
  expect(asked.map(({ kind }) => kind)).toEqual(['attempts']);
});

it('looks again for what was left, and where the table was not seen whole', async () => {
  const { close, clock, state, asked, flows } = start();
  state.open = [tcp(STRANGER, SERVER)];
  state.left = 7;
  close();
  flows.look();
  await clock.advance(0);
  expect(asked).toHaveLength(2);
  await clock.advance(1000);
  expect(asked).toHaveLength(4);
  await clock.advance(5000);
  expect(asked).toHaveLength(4);
  state.open = [];
  state.whole = false;
  flows.look();
  await clock.advance(0);
  state.whole = true;
  await clock.advance(1000);
  expect(asked).toHaveLength(6);
});

it('folds changes into one look', async () => {
  const { close, clock, asked, flows } = start();
  close();
  for (let i = 0; i < 10; i++) flows.look();
  await clock.advance(0);
  for (let i = 0; i < 10; i++) flows.look();
  await clock.advance(999);
  expect(asked).toHaveLength(1);
  await clock.advance(1);
  expect(asked).toHaveLength(2);
});

it('looks less often where reading costs much', async () => {
  const { close, clock, state, asked, flows } = start();
  close();
  state.cpuMs = 400;
  flows.look();
  await clock.advance(0);
  flows.look();
  await clock.advance(19_000);
  expect(asked).toHaveLength(1);
  await clock.advance(1_000);
  expect(asked).toHaveLength(2);
  state.cpuMs = 4_000;
  flows.look();
  await clock.advance(20_000);
  flows.look();
  await clock.advance(30_000);
  expect(asked).toHaveLength(4);
});

it('tries again while connections cannot be read, with one warning', async () => {
  const { close, clock, state, asked, log, ended, flows } = start();
  state.open = [tcp(STRANGER, SERVER)];
  state.away = true;
  close();
  flows.look();
  await clock.advance(60_000);
  expect(asked.length).toBeGreaterThan(3);
  expect(log.warn).toHaveBeenCalledTimes(1);
  state.away = false;
  await clock.advance(60_000);
  expect(ended).toHaveBeenCalledWith(1);
});

it('lets others have their turn while it judges very many', async () => {
  const { close, clock, state, ended, flows } = start();
  state.open = Array.from({ length: 2_000 }, (_, port) => tcp(STRANGER, SERVER, port));
  close();
  flows.look();
  await clock.advance(0);
  expect(ended).toHaveBeenCalledWith(2_000);
});
