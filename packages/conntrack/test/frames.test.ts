import { type EdgeFrame, type EdgeKey, type EdgeRow, edgeFrame } from '@kubecity/protocol';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Directory, EdgeFrames, FlowLedger, formatIPv4, parseIPv4 } from '../src/index.ts';
import { flow } from './flows.ts';
import { type Step, steps, TableModel } from './table-model.ts';

const TABLE = { entries: 1, max: 100, lostDumps: 0, dumpMilliseconds: 1 };
const directory: Directory = {
  servicePort: (_protocol, address) => `service-${parseIPv4(address)}`,
  client: (address) => ({ kind: 'outside', address }),
};
const nameOf = ({ client, servicePort, backend }: EdgeKey): string => {
  const address = client.kind === 'outside' ? parseIPv4(client.address) : Number.NaN;
  return `outside ${address} ${servicePort} backend-${parseIPv4(backend.split(':')[0] as string)}`;
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
  receiver.receive(new EdgeFrames(ledger).next(0, TABLE));
  return receiver.edges;
}

class Run {
  readonly model = new TableModel();
  readonly ledger = new FlowLedger({ directory });
  readonly frames = new EdgeFrames(this.ledger);
  readonly receiver = new Receiver();
  /** The last figures of every edge there ever was. */
  readonly figures = new Map<number, { name: string; opened: number; bytes: number }>();
  #at = 0;

  step(step: Step): void {
    for (const happening of step.happenings) this.model.happen(happening);
    this.#at += step.afterMs;
    this.ledger.begin(this.#at);
    for (const row of this.model.dump(step)) this.ledger.add(row);
    this.ledger.end(step.complete);
    for (const edge of this.ledger.edges.values()) {
      this.figures.set(edge.id, { name: nameOf(edge), opened: edge.opened, bytes: edge.bytesToBackend });
    }
    const frame = this.frames.next(this.#at, TABLE);
    if (!step.frameLost) this.receiver.receive(frame);
    if (this.receiver.lost) this.frames.resync();
  }
}

const quiet: Step = { happenings: [], complete: true, every: 1, frameLost: false, afterMs: 1000 };

describe('any sequence of dumps', () => {
  test('a receiver that loses frames ends with the state of the ledger', () => {
    fc.assert(
      fc.property(steps, (sequence) => {
        const run = new Run();
        for (const step of [...sequence, quiet, quiet]) run.step(step);
        expect(run.receiver.edges).toEqual(stateOf(run.ledger));
      }),
      { numRuns: 300 },
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
      { numRuns: 300 },
    );
  });

  test('after a complete dump, what is open is what the table holds', () => {
    fc.assert(
      fc.property(steps, (sequence) => {
        const run = new Run();
        for (const step of [...sequence, quiet]) run.step(step);
        const open = new Map<string, [number, number]>();
        for (const edge of run.ledger.edges.values()) {
          if (edge.moving + edge.idle + edge.closing > 0) {
            open.set(nameOf(edge), [edge.moving + edge.idle, edge.closing]);
          }
        }
        expect(open).toEqual(run.model.open());
      }),
      { numRuns: 300 },
    );
  });
});

describe('one receiver', () => {
  const row = flow({ source: 1, destination: 1, replySource: 1, originalPackets: 1, originalBytes: 60 });
  const settled = () => {
    const ledger = new FlowLedger({ directory });
    const dump = (at: number, ...rows: (typeof row)[]) => {
      ledger.begin(at);
      for (const each of rows) ledger.add(each);
      ledger.end(true);
    };
    dump(1);
    return { ledger, dump, frames: new EdgeFrames(ledger) };
  };

  test('learns names once, and only what changed', () => {
    const { dump, frames } = settled();
    expect(frames.next(1, TABLE)).toEqual({
      ...{ seq: 0, reset: true, at: 1, define: [], rows: [], forget: [] },
      table: { ...TABLE, withoutCounters: 0 },
    });
    dump(2, row);
    expect(frames.next(2, TABLE)).toMatchObject({
      ...{ seq: 1, reset: false },
      define: [[1, { servicePort: 'service-1', backend: `${formatIPv4(1)}:8080` }]],
      rows: [[1, 1, 0, 0, 1, 60, 0, 0, 1, 0, 0]],
    });
    dump(3, row);
    expect(frames.next(3, TABLE)).toMatchObject({ define: [], rows: [[1, 1, 0, 0, 1, 60, 0, 0, 0, 1, 0]] });
    dump(4, row);
    expect(frames.next(4, TABLE)).toMatchObject({ seq: 3, define: [], rows: [], forget: [] });
  });

  test('gets everything after resync', () => {
    const { dump, frames } = settled();
    dump(2, row);
    frames.next(2, TABLE);
    frames.resync();
    expect(frames.next(2, TABLE)).toMatchObject({ seq: 0, reset: true, define: [[1, {}]], rows: [expect.any(Array)] });
    expect(frames.next(2, TABLE)).toMatchObject({ seq: 1, reset: false, define: [], rows: [] });
  });

  test('hears that an edge is forgotten, once', () => {
    const { dump, frames } = settled();
    dump(2, row);
    frames.next(2, TABLE);
    dump(3);
    dump(4);
    dump(400_000);
    expect(frames.next(400_000, TABLE)).toMatchObject({ forget: [1], rows: [] });
    expect(frames.next(400_000, TABLE)).toMatchObject({ forget: [] });
  });
});
