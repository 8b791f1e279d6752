import type { EdgeFrame, EdgeKey, EdgeRow } from '@kubecity/protocol';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FIGURE, FIGURES, TOTALS } from '../../server/traffic/figures.ts';
import { HubTraffic } from './hub-traffic.ts';
import { edgeFrame } from './objects.ts';

const PORTS = ['shop/a:http/TCP', 'shop/b:http/TCP', ''];
const keys: EdgeKey[] = PORTS.flatMap((servicePort) =>
  ['c1', 'c2'].map((uid) => ({
    client: { kind: 'pod' as const, uid, namespace: 'shop', name: uid },
    servicePort,
    backend: '10.0.0.1:80',
  })),
);

interface Told {
  readonly key: EdgeKey;
  readonly base: number[];
  last: number[];
}

/** An agent as the protocol wants it, and beside it what of its figures has reached the hub. */
class ModelAgent {
  readonly node: string;
  #epoch = 0;
  #nextId = 1;
  #seq = -1;
  #reset = true;
  #edges = new Map<number, { key: EdgeKey; figures: number[] }>();
  #gone: [number, number[]][] = [];
  /** Every edge that ever reached the hub, in any epoch. */
  readonly arrived = new Map<string, Told>();
  /** What the hub believes to be open, by epoch and id. */
  #open = new Map<string, Told>();

  constructor(node: string) {
    this.node = node;
  }

  connect(hub: HubTraffic): void {
    hub.connected(this.node, `e${this.#epoch}`);
    this.#reset = true;
  }

  restart(hub: HubTraffic): void {
    this.#epoch += 1;
    this.#edges.clear();
    this.#gone = [];
    this.connect(hub);
  }

  /** More traffic on an edge, or a new one; then `open` connections are left on it. */
  carry(which: number, more: number[], open: number): void {
    const key = keys[which % keys.length] as EdgeKey;
    let edge = [...this.#edges.values()].find((each) => each.key === key);
    if (!edge) {
      edge = { key, figures: new Array<number>(FIGURES).fill(0) };
      this.#edges.set(this.#nextId++, edge);
    }
    for (let i = 0; i < TOTALS; i++) edge.figures[i] = (edge.figures[i] ?? 0) + (more[i] ?? 0);
    edge.figures[FIGURE.moving] = open;
  }

  drop(which: number): void {
    const [id, edge] = [...this.#edges][which % Math.max(1, this.#edges.size)] ?? [];
    if (id === undefined || !edge) return;
    this.#edges.delete(id);
    edge.figures.fill(0, TOTALS);
    this.#gone.push([id, edge.figures]);
  }

  /** A frame to the hub; a lost one leaves a gap, after which everything is told anew. */
  tell(hub: HubTraffic, now: number, lost: boolean): void {
    const { frame, told } = this.#frame(now);
    if (lost) return;
    const outcome = hub.take(this.node, now, frame);
    if (outcome.ok) this.#noteArrival(told, frame);
    else this.#reset = true;
  }

  #frame(now: number): { frame: EdgeFrame; told: Map<number, { key: EdgeKey; figures: number[] }> } {
    const reset = this.#reset;
    this.#seq = reset ? 0 : this.#seq + 1;
    const define = [...this.#edges].map(([id, { key }]): [number, EdgeKey] => [id, key]);
    const known = new Set([...this.#open.keys()]);
    const row = (id: number, figures: number[]): EdgeRow => [id, ...figures] as unknown as EdgeRow;
    const rows = [...this.#edges].map(([id, { figures }]) => row(id, figures));
    const gone = reset ? [] : this.#gone.filter(([id]) => known.has(`${this.#epoch} ${id}`));
    this.#gone = [];
    this.#reset = false;
    const frame = edgeFrame(this.#seq, now, [], {
      reset,
      define: define.filter(([id]) => reset || !known.has(`${this.#epoch} ${id}`)),
      rows: [...rows, ...gone.map(([id, figures]) => row(id, figures))],
      forget: gone.map(([id]) => id),
    });
    return { frame, told: new Map([...this.#edges].map(([id, { key, figures }]) => [id, { key, figures }])) };
  }

  #noteArrival(told: Map<number, { key: EdgeKey }>, frame: EdgeFrame): void {
    const first = this.arrived.size === 0 && !this.#heard;
    if (frame.reset) this.#open.clear();
    for (const row of frame.rows) {
      const name = `${this.#epoch} ${row[0]}`;
      const figures = row.slice(1) as number[];
      const known = this.arrived.get(name);
      const key = known?.key ?? (told.get(row[0]) as { key: EdgeKey }).key;
      const entry: Told = known ?? { key, base: first ? figures : new Array<number>(FIGURES).fill(0), last: figures };
      entry.last = figures;
      this.arrived.set(name, entry);
      this.#open.set(name, entry);
    }
    for (const id of frame.forget) this.#open.delete(`${this.#epoch} ${id}`);
    this.#heard = true;
  }
  #heard = false;

  /** Totals of a service port that reached the hub, without those of its first frame; and what is open. */
  figure(port: string, figure: number): number {
    const edges = figure < TOTALS ? this.arrived : this.#open;
    return [...edges.values()]
      .filter(({ key }) => key.servicePort === port)
      .reduce((sum, { base, last }) => sum + (last[figure] ?? 0) - (figure < TOTALS ? (base[figure] ?? 0) : 0), 0);
  }
}

const step = fc.record({
  agent: fc.nat(2),
  what: fc.constantFrom('carry', 'carry', 'carry', 'drop', 'tell', 'tell', 'tell', 'lose', 'restart', 'reconnect'),
  which: fc.nat(20),
  more: fc.array(fc.nat(1000), { minLength: TOTALS, maxLength: TOTALS }),
  open: fc.nat(9),
  milliseconds: fc.nat(3000),
});

test('the hub’s totals are the sums of what its agents counted, over restarts, gaps and resyncs', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const hub = new HubTraffic();
      const agents = ['a', 'b', 'c'].map((node) => new ModelAgent(node));
      for (const agent of agents) agent.connect(hub);
      let now = 1_700_000_000_000;
      for (const { agent: which, what, which: edge, more, open, milliseconds } of steps) {
        const agent = agents[which] as ModelAgent;
        now += milliseconds;
        if (what === 'carry') agent.carry(edge, more, open);
        else if (what === 'drop') agent.drop(edge);
        else if (what === 'restart') agent.restart(hub);
        else if (what === 'reconnect') agent.connect(hub);
        else agent.tell(hub, now, what === 'lose');
        if (milliseconds > 1500) hub.show(now);
      }
      hub.show(now);
      const { ports } = hub.traffic.ports.figures();
      for (const port of PORTS) {
        const sums = Array.from({ length: FIGURES }, (_, i) =>
          agents.reduce((sum, each) => sum + each.figure(port, i), 0),
        );
        expect([...(ports.get(port) ?? new Float64Array(FIGURES))]).toEqual(sums);
      }
      // a reader that took every moment has the same open connections as a newcomer, and as the sums
      const open = [...hub.told.all().values()].reduce((sum, { moving }) => sum + moving, 0);
      expect(open).toBe(
        PORTS.reduce((sum, port) => sum + agents.reduce((n, a) => n + a.figure(port, FIGURE.moving), 0), 0),
      );
    }),
    { seed: 20261123, numRuns: 400 },
  );
});
