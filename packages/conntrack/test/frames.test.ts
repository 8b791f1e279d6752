import {
  type EdgeFrame,
  type EdgeKey,
  type EdgeRow,
  edgeFrame,
  type Interest,
  SLOW_EDGES_MS,
} from '@kubecity/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Directory, EdgeFrames, FlowLedger, type FlowRow, type KernelFigures } from '../src/index.ts';
import { podChange, serviceChange } from './city.ts';
import { flow } from './flows.ts';
import { type Step, steps, TableModel } from './table-model.ts';

const TABLE: KernelFigures = {
  ...{ entries: 1, max: 100, insertFailed: 0, dropped: 0, earlyDropped: 0 },
  ...{ lostDumps: 0, lostEvents: 0, dumpMilliseconds: 1, periodMilliseconds: 1000 },
};
const ALL: Interest = { services: 'all' };
/** Client → service → backend, as the model names them. */
const nameOf = ({ client, servicePort, backend }: EdgeKey): string => {
  const who = client.kind === 'outside' ? client.network : client.name;
  return `${who} ${servicePort} ${/([0-9a-f]+)]?:8080$/.exec(backend)?.[1]}`;
};

/** A hub for one agent, as simple as can be. */
class Receiver {
  readonly edges = new Map<number, { key: EdgeKey; row: EdgeRow }>();
  lost = true;
  #seq = -1;

  receive(frame: EdgeFrame): void {
    edgeFrame.parse(frame);
    if (!frame.reset && (this.lost || frame.seq !== this.#seq + 1)) {
      this.lost = true;
      return;
    }
    if (frame.reset) this.edges.clear();
    this.lost = false;
    this.#seq = frame.seq;
    const keys = new Map(frame.define);
    for (const row of frame.rows) {
      const known = this.edges.get(row[0]);
      const key = keys.get(row[0]) ?? known?.key;
      if (!key) throw new Error(`row of an undefined edge ${row[0]}`);
      // Totals never fall: opened, refused, unanswered and the four of traffic.
      for (let n = 1; known && n <= 7; n += 1) expect(row[n]).toBeGreaterThanOrEqual(known.row[n] as number);
      this.edges.set(row[0], { key, row });
    }
    for (const id of frame.forget) {
      if (!this.edges.delete(id)) throw new Error(`an unknown edge is forgotten: ${id}`);
    }
  }
}

/** The ledger's state as a fresh receiver learns it from one reset frame. */
function stateOf(ledger: FlowLedger): Receiver['edges'] {
  const receiver = new Receiver();
  receiver.receive(new EdgeFrames(ledger).next(0, TABLE, { services: [] }));
  return receiver.edges;
}

class Run {
  readonly model = new TableModel();
  readonly directory = new Directory({ node: 'node-a' });
  readonly ledger = new FlowLedger({ directory: this.directory });
  readonly frames = new EdgeFrames(this.ledger);
  readonly receiver = new Receiver();
  /** The last figures of every edge there ever was. */
  readonly figures = new Map<number, { name: string; opened: number; bytes: number }>();
  #at = 1_000_000;

  step(step: Step): void {
    for (const happening of step.happenings) this.model.happen(happening);
    expect(this.directory.apply(this.model.changes, this.#at)).toEqual([]);
    this.model.changes = [];
    this.#at += step.afterMs;
    this.ledger.begin(this.#at);
    for (const row of this.model.dump(step)) this.ledger.add(row);
    this.ledger.end(step.complete);
    for (const edge of this.ledger.edges.values()) {
      this.figures.set(edge.id, { name: nameOf(edge), opened: edge.opened, bytes: edge.bytesToBackend });
    }
    const { interest } = step;
    const frame = this.frames.next(this.#at, TABLE, { services: interest === 'all' ? 'all' : [...interest] });
    if (!step.frameLost) this.receiver.receive(frame);
    if (this.receiver.lost) this.frames.resync();
  }

  /** What the receiver knows, and should know, of the edges that are looked at. */
  looked({ interest }: Step): [Receiver['edges'], Receiver['edges']] {
    const of = (edges: Receiver['edges']) =>
      new Map(
        [...edges].filter(
          ([, { key }]) => interest === 'all' || interest.includes(key.servicePort.split(':')[0] as string),
        ),
      );
    return [of(this.receiver.edges), of(stateOf(this.ledger))];
  }
}

const quiet: Step = { happenings: [], complete: true, every: 1, frameLost: false, interest: [], afterMs: 1000 };

describe('any sequence of dumps', () => {
  test('a receiver that loses frames knows what it looks at, and everything when the slow period has passed', () => {
    fc.assert(
      fc.property(steps, (sequence) => {
        const run = new Run();
        for (const step of sequence) {
          run.step(step);
          if (run.receiver.lost || step.frameLost) continue;
          const [told, true_] = run.looked(step);
          expect(told).toEqual(true_);
        }
        for (const step of [quiet, { ...quiet, afterMs: SLOW_EDGES_MS }]) run.step(step);
        expect(run.receiver.edges).toEqual(stateOf(run.ledger));
      }),
      { numRuns: 300, seed: 1 },
    );
  });

  test('counts each connection and each byte exactly once', () => {
    fc.assert(
      fc.property(steps, (sequence) => {
        const run = new Run();
        for (const step of sequence) {
          run.step(step);
          const counted = new Map<string, [number, number]>();
          for (const { name, opened, bytes } of run.figures.values()) {
            const [sumOpened, sumBytes] = counted.get(name) ?? [0, 0];
            counted.set(name, [sumOpened + opened, sumBytes + bytes]);
          }
          expect(counted).toEqual(run.model.truth());
        }
      }),
      { numRuns: 300, seed: 2 },
    );
  });

  test('after a complete dump, what is open is what the table holds', () => {
    fc.assert(
      fc.property(steps, (sequence) => {
        const run = new Run();
        for (const step of [...sequence, quiet]) run.step(step);
        const open = new Map<string, [number, number]>();
        for (const edge of run.ledger.edges.values()) {
          const { moving, idle, closing } = edge;
          const [sumOpen, sumClosing] = open.get(nameOf(edge)) ?? [0, 0];
          if (moving + idle + closing > 0) open.set(nameOf(edge), [sumOpen + moving + idle, sumClosing + closing]);
        }
        expect(open).toEqual(run.model.open());
      }),
      { numRuns: 300, seed: 2 },
    );
  });
});

describe('one receiver', () => {
  const row = flow({ originalPackets: 1, originalBytes: 60 });
  const figures = { withoutCounters: 0, endedUnseen: 0, elsewhere: 0, unexplained: 0, folded: 0 };
  const settled = () => {
    const directory = new Directory({ node: 'node-a' });
    directory.apply(
      [
        serviceChange('shop/cart:http/TCP', 80, ['10.96.0.10']),
        podChange('web', 'node-a', ['10.1.0.2']),
        podChange('cart-1', 'node-b', ['10.2.0.5']),
      ],
      0,
    );
    const ledger = new FlowLedger({ directory });
    const dump = (at: number, ...rows: FlowRow[]) => {
      ledger.begin(at);
      for (const each of rows) ledger.add(each);
      ledger.end(true);
    };
    dump(1);
    return { ledger, dump, frames: new EdgeFrames(ledger) };
  };

  test('learns names once, and only what changed', () => {
    const { dump, frames } = settled();
    expect(frames.next(1, TABLE, ALL)).toEqual({
      ...{ seq: 0, reset: true, at: 1, define: [], rows: [], forget: [] },
      table: { ...TABLE, ...figures },
    });
    dump(2, row);
    const [client, backend] = ['web', 'cart-1'].map((name) => ({ uid: name, namespace: 'shop', name }));
    expect(frames.next(2, TABLE, ALL)).toMatchObject({
      ...{ seq: 1, reset: false },
      define: [
        [
          1,
          {
            client: { kind: 'pod', ...client },
            servicePort: 'shop/cart:http/TCP',
            backend: '10.2.0.5:8080',
            pod: backend,
          },
        ],
      ],
      rows: [[1, 1, 0, 0, 1, 60, 0, 0, 1, 0, 0, 0, 0]],
    });
    dump(3, row);
    expect(frames.next(3, TABLE, ALL)).toMatchObject({ define: [], rows: [[1, 1, 0, 0, 1, 60, 0, 0, 0, 1, 0, 0, 0]] });
    dump(4, row);
    expect(frames.next(4, TABLE, ALL)).toMatchObject({ seq: 3, define: [], rows: [], forget: [] });
  });

  test('gets everything after resync, whatever it looks at', () => {
    const { dump, frames } = settled();
    dump(2, row);
    frames.next(2, TABLE, ALL);
    frames.resync();
    const nothing = { services: [] };
    expect(frames.next(2, TABLE, nothing)).toMatchObject({ seq: 0, reset: true, define: [[1, {}]], rows: [{}] });
    expect(frames.next(2, TABLE, nothing)).toMatchObject({ seq: 1, reset: false, define: [], rows: [] });
  });

  test('hears of what it does not look at every ten seconds, and at once when it looks', () => {
    const { dump, frames } = settled();
    const direct = flow({ id: 2, status: 0xe, destination: '10.2.0.5' });
    const told = (at: number, services: Interest['services']) =>
      frames.next(at, TABLE, { services }).rows.map(([id]) => id);
    let bytes = 60;
    const moved = (at: number) => {
      bytes += 1;
      dump(at, { ...row, originalBytes: bytes }, { ...direct, originalBytes: bytes });
    };
    frames.next(1, TABLE, ALL);
    moved(1000);
    expect(told(1000, ['shop/other'])).toEqual([]);
    expect(told(1000, ['shop/cart'])).toEqual([1]);
    expect(told(1000, ['shop/cart'])).toEqual([]);
    moved(9000);
    expect(told(9000, [])).toEqual([]);
    expect(told(9000, 'all')).toEqual([1, 2]);
    moved(10_000);
    expect(told(10_000, ['', 'shop/cart'])).toEqual([1]);
    moved(19_000);
    expect(told(18_999, [])).toEqual([]);
    expect(told(19_000, [])).toEqual([1, 2]);
    // The clock was set back.
    moved(5000);
    expect(told(5000, [])).toEqual([1, 2]);
  });

  test('hears that an edge is forgotten, once', () => {
    const { dump, frames } = settled();
    dump(2, row);
    frames.next(2, TABLE, ALL);
    dump(3);
    dump(4);
    dump(400_000);
    expect(frames.next(400_000, TABLE, ALL)).toMatchObject({ forget: [1], rows: [] });
    expect(frames.next(400_000, TABLE, ALL)).toMatchObject({ forget: [] });
  });
});
