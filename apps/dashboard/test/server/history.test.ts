import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { EdgeKey } from '@kubecity/protocol';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { History, historySettings } from '../../server/history/history.ts';
import { HistoryRecorder } from '../../server/history/history-recorder.ts';
import { type HistoryStep, MOST_EDGES_OF_STEP, POINT } from '../../server/history/step.ts';
import { hubMetrics } from '../../server/metrics.ts';
import { HubTraffic } from './hub-traffic.ts';
import { cartPort, edgeFrame, webToCart1 } from './objects.ts';

let directory: string;
let log: string[];
let metrics: ReturnType<typeof hubMetrics>;
const open = (file?: string) =>
  new History({
    ...historySettings({ history: file }),
    log: pino({}, { write: (line: string) => log.push(line) }),
    metrics,
  });
/** The thread of the history takes its time to begin on a busy machine. */
const eventually = <T>(read: () => T) => expect.poll(read, { timeout: 20_000, interval: 10 });
const lost = async () => (await metrics.historyLost.get()).values[0]?.value ?? 0;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'kubecity-history-'));
  log = [];
  metrics = hubMetrics();
});
afterEach(() => rmSync(directory, { recursive: true }));

/** A hub that shows a moment a second from `start`; returns its recorder's steps. */
function steps(hub: HubTraffic, recorder: HistoryRecorder, start: number, seconds: number): HistoryStep[] {
  const made: HistoryStep[] = [];
  for (let second = 0; second < seconds; second++) {
    const at = start + second * 1000;
    if (second === 0) hub.connected('n', `e${start}`).reset('n', at, [[1, 0]], [webToCart1]);
    else hub.take('n', at, edgeFrame(second, at, [[1, second * 5, 0, 0, 0, 0, 0, 0, second]]));
    hub.traffic.show(at + 300, () => false);
    const step = recorder.take();
    if (step) made.push(step);
  }
  return made;
}

test('a step tells what was shown at its moment, and the sums of the seconds since the one before', () => {
  const hub = new HubTraffic();
  hub.traffic.setInterest({ services: 'all' }, -10_000);
  const made = steps(hub, new HistoryRecorder(hub.traffic), 100_000, 6);
  expect(made.map(({ at, define, city }) => [at, define.length, city[0], city[6]])).toEqual([
    [101_300, 1, 0, 1],
    [102_300, 0, 5, 2],
    [103_300, 0, 5, 3],
    [104_300, 0, 5, 4],
    [105_300, 0, 5, 5],
  ]);
  const last = made.at(-1) as HistoryStep;
  expect([last.ports, [...last.portSums]]).toEqual([[cartPort], [...last.city]]);
  expect([...last.rows].slice(0, 7)).toEqual([0, 5, 0, 0, 0, 0, 25]);
});

test('there is no step while agents are silent; an edge that is gone is forgotten, one that is lost is told again', () => {
  const hub = new HubTraffic();
  const recorder = new HistoryRecorder(hub.traffic);
  steps(hub, recorder, 100_000, 3);
  hub.traffic.show(104_000, () => true);
  expect(recorder.take()).toBeUndefined();
  recorder.tellAll();
  hub.take('n', 105_000, edgeFrame(3, 105_000, []));
  hub.traffic.show(105_000, () => false);
  expect(recorder.take()).toMatchObject({ define: [[1, { servicePort: cartPort }]], forget: [] });
  hub.take('n', 106_000, edgeFrame(4, 106_000, [], { forget: [1] }));
  hub.traffic.show(120_000, () => false);
  expect(recorder.take()).toMatchObject({ define: [], forget: [1], folded: 0 });
});

test('the busiest edges are kept, the others counted', () => {
  const hub = new HubTraffic().connected('n', 'e');
  const all = Array.from({ length: MOST_EDGES_OF_STEP + 500 }, (_, i) => i + 1);
  const keys = all.map((i): EdgeKey => ({ ...webToCart1, backend: `10.0.${i >> 8}.${i & 255}:80` }));
  hub.reset(
    'n',
    0,
    all.map((id) => [id]),
    keys,
  );
  const recorder = new HistoryRecorder(hub.traffic);
  hub.traffic.show(0, () => false);
  recorder.take();
  // the last ones are the busy ones
  const busy = all.slice(-100);
  hub.take(
    'n',
    1000,
    edgeFrame(
      1,
      1000,
      busy.map((id) => [id, 100]),
    ),
  );
  hub.traffic.show(3000, () => false);
  const step = recorder.take() as HistoryStep;
  expect([step.serials.length, step.folded]).toEqual([MOST_EDGES_OF_STEP, 500]);
  expect(busy.every((id) => step.serials.includes(id))).toBe(true);
  expect(step.define).toHaveLength(MOST_EDGES_OF_STEP);
});

test('a restart of the hub keeps the past', async () => {
  const file = join(directory, 'history.db');
  const traffic = () => new HubTraffic();
  for (const start of [1_000_000, 1_100_000]) {
    const hub = traffic();
    hub.traffic.setInterest({ services: 'all' }, -10_000);
    const history = open(file);
    for (const step of steps(hub, new HistoryRecorder(hub.traffic), start, 5)) {
      await eventually(() => history.hasRoom).toBe(true);
      history.add(step);
    }
    await history.close();
  }
  const history = open(file);
  const past = await history.ask({ kind: 'history', from: 0, to: 3_000_000, servicePort: cartPort });
  expect(past).toMatchObject({ stepMilliseconds: 1000 });
  expect(past.kind === 'history' && past.points.map(({ at }) => at)).toEqual(
    [1_000_000, 1_100_000].flatMap((hub) => [1, 2, 3, 4].map((second) => hub + second * 1000 + 300)),
  );
  expect(await history.ask({ kind: 'moment', at: 1_050_000 })).toMatchObject({ at: 1_004_300, edges: { length: 1 } });
  expect([await lost(), log]).toEqual([0, []]);
  await history.close();
  expect(await history.ask({ kind: 'moment', at: 1 })).toMatchObject({ kind: 'refused', code: 'not-found' });
});

test('a file that is not ours is told of in the log, and the hub goes on', async () => {
  const file = join(directory, 'letter');
  writeFileSync(file, 'Dear aunt, '.repeat(50));
  const history = open(file);
  await eventually(() => log.join('')).toContain('letter is not a history of ours');
  expect(await history.ask({ kind: 'history', from: 0, to: 1 })).toMatchObject({ kind: 'history', points: [] });
  await history.close();
});

test('a step that cannot be written is counted as lost, and all names are told anew', async () => {
  const history = open();
  const nameless: HistoryStep = {
    ...{ at: 1000, city: new Float64Array(POINT.length), ports: [], portSums: new Float64Array(0) },
    ...{ serials: Uint32Array.of(5), rows: new Float64Array(14), folded: 0, define: [], forget: [] },
  };
  history.add(nameless);
  await eventually(lost).toBe(1);
  expect([history.takeForgotNames(), history.takeForgotNames()]).toEqual([true, false]);
  expect(log.join('')).toContain('edge 5 of the step has no name');
  await history.close();
});
