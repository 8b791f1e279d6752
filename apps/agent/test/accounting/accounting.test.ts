import { fileURLToPath } from 'node:url';
import type { DirectoryChange } from '@kubecity/conntrack';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Accounting } from '../../src/accounting/accounting.ts';
import type { ToAccounting } from '../../src/accounting/messages.ts';
import type { CutOrder } from '../../src/draining/cut-order.ts';
import { HandClock } from '../hand-clock.ts';

const program = fileURLToPath(new URL('puppet-process.mjs', import.meta.url));
const settings = { node: 'node-a', everyMs: 1000, cpuPercent: 2, direct: true };
const KNOWN: DirectoryChange = { kind: 'node', name: 'node-a', value: { name: 'node-a', addresses: [] } };
const NEWS: DirectoryChange = { kind: 'pod', uid: 'gone', value: undefined };
const ALL = { services: 'all' } as const;

const clock = new HandClock();
const heard: ToAccounting[] = [];
const warnings: unknown[] = [];
const frame = vi.fn();
const renewed = vi.fn();
const ended = vi.fn();
let accounting: Accounting;

beforeEach(() => {
  heard.length = 0;
  warnings.length = 0;
  vi.clearAllMocks();
  accounting = new Accounting({
    settings,
    program,
    clock,
    directory: () => [KNOWN],
    frame,
    renewed,
    ended,
    log: {
      info: (about: { json: string }) => heard.push(JSON.parse(about.json)),
      warn: (about: unknown) => warnings.push(about),
    } as never,
  });
});
afterEach(() => accounting.stop());

const eventually = (check: () => void) => vi.waitFor(check, { timeout: 10_000, interval: 10 });
/** What the puppet is to do, said in a question. */
const order = (backend: string) => accounting.ask({ kind: 'flows', servicePort: '', backend, limit: 1 }, 1000);
const begin = (losses = { dumps: 0, events: 0 }) => ({ kind: 'begin', settings: { ...settings, losses } });
const start = [{ kind: 'directory', changes: [KNOWN] }, begin()];

it('says nothing before it begins, then first what is known', async () => {
  accounting.apply([NEWS]);
  accounting.listen(ALL);
  expect(await order('anything')).toMatchObject({ kind: 'refused', code: 'failed' });
  accounting.begin();
  accounting.begin();
  accounting.apply([NEWS]);
  accounting.look({ services: ['shop/cart'] });
  accounting.resync();
  accounting.unlisten();
  await eventually(() => expect(heard).toHaveLength(7));
  expect(heard).toEqual([
    ...start,
    { kind: 'link', link: 2, interest: ALL },
    { kind: 'directory', changes: [{ kind: 'pod', uid: 'gone' }] },
    { kind: 'interest', interest: { services: ['shop/cart'] } },
    { kind: 'resync' },
    { kind: 'unlink' },
  ]);
});

it('keeps orders to end connections for whatever process there is, and hands on what was ended', async () => {
  const orders: CutOrder[] = [
    { uid: 'u', generation: 1, perSecond: 50, existing: 'cut', udp: 'wait', late: false, backends: [['x', 'y:1']] },
  ];
  accounting.cut(orders);
  accounting.begin();
  await eventually(() => expect(heard).toEqual([...start, { kind: 'cut', orders }]));
  void order('ended');
  await eventually(() => expect(ended.mock.calls).toEqual([[{ uid: 'u', connections: 3, left: 0, late: false }]]));
  await order('die');
  await eventually(() => expect(renewed).toHaveBeenCalledTimes(1));
  heard.length = 0;
  await clock.advance(1000);
  await eventually(() => expect(heard.at(-1)).toEqual({ kind: 'cut', orders }));
  accounting.cut([]);
  await eventually(() => expect(heard.at(-1)).toEqual({ kind: 'cut', orders: [] }));
});

it('hands on frames of the link that stands, and that they were used', async () => {
  accounting.begin();
  accounting.listen(ALL);
  void order('frame 1');
  await eventually(() => expect(frame).toHaveBeenCalledWith({ seq: 0 }, expect.any(Function)));
  frame.mock.calls[0]?.[1]();
  await eventually(() => expect(heard.at(-1)).toEqual({ kind: 'taken', link: 1 }));
  accounting.listen(ALL);
  void order('frame 1');
  expect(await order('anything')).toEqual({ kind: 'flows', total: 7 });
  expect(frame).toHaveBeenCalledTimes(1);
});

it('answers also when the process does not', async () => {
  accounting.begin();
  const answer = order('silence');
  await clock.advance(1000);
  expect(await answer).toEqual({ kind: 'refused', code: 'failed', message: 'no answer in time' });
});

it('starts a dead process again, after longer and longer pauses, under another epoch and with the loss counted', async () => {
  const epochs = new Set([accounting.epoch]);
  accounting.begin();
  accounting.listen(ALL);
  expect(await order('die')).toMatchObject({ kind: 'refused', message: 'the process that reads connections ended' });
  await eventually(() => expect(renewed).toHaveBeenCalledTimes(1));
  epochs.add(accounting.epoch);
  expect(accounting.totals).toBeUndefined();
  // The hub comes back before there is a process again.
  accounting.listen(ALL);
  heard.length = 0;
  await clock.advance(1000);
  await eventually(() => expect(heard).toHaveLength(3));
  expect(heard).toMatchObject([start[0], begin({ dumps: 1, events: 1 }), { kind: 'link', interest: ALL }]);

  await order('die');
  await eventually(() => expect(renewed).toHaveBeenCalledTimes(2));
  epochs.add(accounting.epoch);
  heard.length = 0;
  await clock.advance(1999);
  expect(await order('anything')).toMatchObject({ kind: 'refused' });
  await clock.advance(1);
  await eventually(() => expect(heard).toMatchObject([start[0], begin({ dumps: 2, events: 2 })]));
  expect([epochs.size, accounting.deaths]).toEqual([3, 2]);
  expect(warnings).toMatchObject([
    { reason: 'SIGKILL', restartMs: 1000 },
    { reason: 'SIGKILL', restartMs: 2000 },
  ]);

  // It works again: the next pause is a short one.
  void order('totals');
  await eventually(() => expect(accounting.totals).toEqual({ dumps: 1 }));
  await order('die');
  await eventually(() => expect(warnings.at(-1)).toMatchObject({ restartMs: 1000 }));
});

it('does not start anything again after it was stopped', async () => {
  accounting.begin();
  await eventually(() => expect(heard).toHaveLength(2));
  await accounting.stop();
  await clock.advance(60_000);
  expect([accounting.deaths, warnings.length, renewed.mock.calls.length]).toEqual([0, 0, 0]);
});
