import type { CityFrame, EdgeKey } from '@kubecity/protocol';
import { Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { CityModel } from '../../server/city-model.ts';
import { LOADS_PER_FRAME, type MapSocket, Reader } from '../../server/map-reader.ts';
import { trafficMetrics } from '../../server/traffic-metrics.ts';
import { applyOps } from './apply-ops.ts';
import { edgeFrame, node, table } from './objects.ts';
import { ToldEdges } from './told-edges.ts';

/** A hub without sockets: agents tell, `tick` makes a moment of it, and the frames of one reader and `/metrics` say which. */
class Hub {
  readonly model = new CityModel('test');
  readonly registry = new Registry();
  readonly frames: CityFrame[] = [];
  readonly told = new ToldEdges();
  readonly city = new Map<string, unknown>();
  readonly #publish = trafficMetrics(this.registry, this.model);
  readonly #reader = new Reader({
    conn: { transport: { writable: true }, on: () => undefined },
    emit: (_event: string, frame: CityFrame) => this.frames.push(structuredClone(frame)),
  } as unknown as MapSocket);

  constructor(...nodes: string[]) {
    for (const name of nodes) {
      this.model.setObject('nodes', node(name), 0);
      this.model.agentConnected({ protocols: [2], token: 't', node: name, epoch: 'e', version: '1' });
    }
    this.model.traffic.setInterest({ services: 'all' }, -10_000);
  }

  tick(now: number): CityFrame {
    const changed = this.model.refresh(now);
    this.#publish(now);
    this.#reader.lack(changed, 1e6);
    this.#reader.send({ store: this.model.store, shown: this.model.traffic.shown }, 'epoch', now);
    const frame = this.frames.at(-1) as CityFrame;
    this.told.take(frame.edges);
    applyOps(this.city, frame.ops);
    return frame;
  }

  /** Values by `name{label="value",…}`. */
  async metrics(): Promise<Map<string, number>> {
    const lines = (await this.registry.metrics()).split('\n').filter((line) => line !== '' && !line.startsWith('#'));
    return new Map(
      lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(line.slice(line.lastIndexOf(' ')))]),
    );
  }
}

const PORTS = ['shop/cart:http/TCP', 'shop/pay:grpc/TCP', ''];
const keyOf = (i: number): EdgeKey => ({
  client: { kind: 'pod', uid: `uid-web-${i}`, namespace: 'shop', name: `web-${i}` },
  servicePort: PORTS[i % PORTS.length] as string,
  backend: `10.244.0.${i % 7}:8080`,
});
const figures = (i: number, second: number) => [
  second * i,
  i % 4,
  i % 3,
  second * 9,
  second * 700,
  second * 8,
  second * 900 * i,
  i,
  2,
  second % 3,
  1,
];

test('the map’s frames and /metrics say the same of the same moment, also while agents go on telling', async () => {
  const nodes = ['node-a', 'node-b'];
  const hub = new Hub(...nodes);
  const define = (from: number) => Array.from({ length: 20 }, (_, i): [number, EdgeKey] => [i + 1, keyOf(from + i)]);
  const rows = (from: number, second: number) =>
    Array.from({ length: 20 }, (_, i) => [i + 1, ...figures(from + i, second)]);
  for (const [n, name] of nodes.entries()) {
    hub.model.takeEdges(name, edgeFrame(0, 0, rows(n * 20, 0), { define: define(n * 20) }), 0);
  }
  hub.tick(500);
  for (let second = 1; second <= 15; second++) {
    for (const [n, name] of nodes.entries()) {
      const lost = { table: { ...table, lostDumps: second, entries: 40 } };
      hub.model.takeEdges(name, edgeFrame(second, second * 1000, rows(n * 20, second), lost), second * 1000 + 10);
    }
    const frame = hub.tick(second * 1000 + 500);
    // comes after the moment: neither the frame nor the figures may know of it
    hub.model.traffic.add(0, new Float64Array(12).fill(1000), 1000);

    const metrics = await hub.metrics();
    expect(metrics.get('kubecity_traffic_moment_seconds')).toBe(frame.at / 1000);
    for (const port of PORTS) {
      const label = port || 'direct';
      const edges = [...hub.told.all()].filter(([id]) => id.includes(`>${port}|`)).map(([, row]) => row);
      const sum = (figure: 'opened' | 'refused' | 'unanswered' | 'moving' | 'idle' | 'closing' | 'waiting') =>
        edges.reduce((all, row) => all + row[figure], 0);
      for (const total of ['opened', 'refused', 'unanswered'] as const) {
        expect(metrics.get(`kubecity_traffic_connections_${total}_total{service_port="${label}"}`)).toBe(sum(total));
      }
      for (const state of ['moving', 'idle', 'closing', 'waiting'] as const) {
        const name = `kubecity_traffic_open_connections{service_port="${label}",state="${state}"}`;
        expect(metrics.get(name)).toBe(sum(state));
      }
    }
    for (const name of nodes) {
      const { agent } = hub.city.get(`node ${name}`) as {
        agent: { conntrack: { lostDumps: number }; lastFrameAt: number };
      };
      expect(metrics.get(`kubecity_accounting_lost_dumps_total{node="${name}"}`)).toBe(agent.conntrack.lostDumps);
      expect(metrics.get(`kubecity_accounting_age_seconds{node="${name}"}`)).toBe(
        (frame.at - agent.lastFrameAt) / 1000,
      );
    }
    hub.model.traffic.add(0, new Float64Array(12).fill(-1000), 1000);
  }
});

test('service ports beyond the bound are one line, and no total ever falls', async () => {
  const hub = new Hub('node-a');
  const keys = Array.from({ length: 1100 }, (_, i): [number, EdgeKey] => [
    i + 1,
    { ...keyOf(i), servicePort: `shop/s${i}:http/TCP` },
  ]);
  const rows = (opened: number) => keys.map(([id]) => [id, opened]);
  hub.model.takeEdges('node-a', edgeFrame(0, 0, rows(0), { define: keys }), 0);
  hub.model.takeEdges('node-a', edgeFrame(1, 1000, rows(2)), 1000);
  hub.tick(1000);
  const opened = async () =>
    new Map(
      [...(await hub.metrics())].filter(([name]) => name.startsWith('kubecity_traffic_connections_opened_total')),
    );
  const before = await opened();
  expect([before.size, before.get('kubecity_traffic_connections_opened_total{service_port="other"}')]).toEqual([
    1001, 200,
  ]);
  hub.model.takeEdges('node-a', edgeFrame(2, 2000, rows(3), { forget: keys.map(([id]) => id) }), 2000);
  hub.tick(10_000);
  const after = await opened();
  for (const [name, total] of before) expect(after.get(name)).toBe(total * 1.5);
  hub.tick(4_000_000);
  expect([...(await opened())]).toEqual([['kubecity_traffic_connections_opened_total{service_port="other"}', 300]]);
});

test('a browser that looks at a thousand changing edges gets less than 100 kB a second, all in all', () => {
  const nodes = Array.from({ length: 200 }, (_, i) => `node-${i}`);
  const hub = new Hub(...nodes);
  const keys = Array.from({ length: 1000 }, (_, i): [number, EdgeKey] => [
    i + 1,
    { ...keyOf(i), servicePort: PORTS[0] as string, backend: `10.244.1.${i % 200}:8080` },
  ]);
  const busy = (second: number) =>
    keys.map(([id]) => [
      id,
      3 * second,
      0,
      0,
      40 * second,
      9000 * second * (1 + (id % 9)),
      30 * second,
      70_000 * second,
      second % 4,
      (second + id) % 30,
      1,
      0,
    ]);
  const bytes: number[] = [];
  for (let second = 0; second <= 20; second++) {
    for (const name of nodes) {
      const first = name === 'node-0';
      const frame = edgeFrame(second, second * 1000, first ? busy(second) : [], {
        define: first && second === 0 ? keys : [],
      });
      hub.model.takeEdges(name, frame, second * 1000);
    }
    const frame = hub.tick(second * 1000 + 100);
    if (second < 3) continue;
    expect(frame.edges?.rows).toHaveLength(1000);
    expect(frame.ops.filter((op) => op[1] === 'load')).toHaveLength(LOADS_PER_FRAME);
    bytes.push(JSON.stringify(frame).length);
  }
  expect(Math.max(...bytes)).toBeLessThan(100_000);
  expect(
    new Set(hub.frames.slice(10).flatMap(({ ops }) => ops.filter((op) => op[1] === 'load').map((op) => op[2]))).size,
  ).toBe(200);
});
