import type { CityFrame, CityOp, CityRecord, RecordKind } from '@kubecity/protocol';
import { type Edge, type EdgeBook, EMPTY_BOOK, takeEdges } from './edges.ts';

/** Everything the map knows, one map of records per kind. A kind's map is replaced whenever one of its records changes. */
export type City = { readonly [K in RecordKind]: ReadonlyMap<string, CityRecord<K>> } & {
  /** By `edgeKey`. */
  readonly edge: ReadonlyMap<string, Edge>;
};

const newCity = (): City => ({
  cluster: new Map(),
  namespace: new Map(),
  node: new Map(),
  pod: new Map(),
  service: new Map(),
  backend: new Map(),
  override: new Map(),
  edge: new Map(),
  load: new Map(),
  tick: new Map(),
  action: new Map(),
  event: new Map(),
  policy: new Map(),
  refusal: new Map(),
});

export const EMPTY_CITY: City = newCity();

/** Where a browser stands in the hub's stream. */
export interface CityStream {
  /** The last complete city; what the screen shows. */
  readonly city: City;
  /** Its edges, and what the hub calls them. */
  readonly book: EdgeBook;
  /** A snapshot that has begun (`reset`) and is not complete yet (`sync`); nobody has seen it, so it is filled in place. */
  readonly arriving?: { readonly city: City; readonly book: EdgeBook };
  readonly epoch?: string;
  readonly seq: number;
  /** Unix ms by the hub's clock of the last frame. */
  readonly at: number;
}

export const NEW_STREAM: CityStream = { city: EMPTY_CITY, book: EMPTY_BOOK, seq: -1, at: 0 };

export type Taken =
  | { readonly outcome: 'applied'; readonly stream: CityStream }
  /** The thread is lost: ask the hub for a snapshot. The stream stays as it was. */
  | { readonly outcome: 'gap'; readonly stream: CityStream };

/** Takes one frame: in order, or beginning with `reset`; anything else is a gap. Its edges are of the moment after its operations. */
export function takeFrame(stream: CityStream, frame: CityFrame): Taken {
  const begins = frame.ops[0]?.[0] === 'reset';
  const follows = frame.epoch === stream.epoch && frame.seq === stream.seq + 1;
  if (!begins && !follows) return { outcome: 'gap', stream };

  let { city, book, arriving } = stream;
  for (const run of runsOf(frame.ops)) {
    if (run === 'reset') arriving = { city: newCity(), book: { names: new Map(), edges: new Map() } };
    else if (run === 'sync') {
      if (arriving) ({ city, book } = arriving);
      arriving = undefined;
    } else if (arriving) fill(arriving.city, run);
    else city = applyChanges(city, run);
  }
  if (frame.edges) {
    const taken = takeEdges(arriving?.book ?? book, frame.edges, arriving !== undefined);
    if (!taken) return { outcome: 'gap', stream };
    if (arriving) arriving = { city: { ...arriving.city, edge: taken.edges }, book: taken };
    else {
      book = taken;
      if (city.edge !== taken.edges) city = { ...city, edge: taken.edges };
    }
  }
  return { outcome: 'applied', stream: { city, book, arriving, epoch: frame.epoch, seq: frame.seq, at: frame.at } };
}

type Change = Exclude<CityOp, readonly ['reset'] | readonly ['sync']>;

/** Cuts a frame at `reset` and `sync`, so that the changes between them copy each touched map once. */
function runsOf(ops: readonly CityOp[]): (Change[] | 'reset' | 'sync')[] {
  const runs: (Change[] | 'reset' | 'sync')[] = [];
  for (const op of ops) {
    const last = runs.at(-1);
    if (op[0] === 'reset' || op[0] === 'sync') runs.push(op[0]);
    else if (Array.isArray(last)) last.push(op);
    else runs.push([op]);
  }
  return runs;
}

function fill(unseen: City, changes: readonly Change[]): void {
  for (const change of changes) {
    const records = unseen[change[1]] as Map<string, unknown>;
    if (change[0] === 'set') records.set(change[2], change[3]);
    else records.delete(change[2]);
  }
}

function applyChanges(city: City, changes: readonly Change[]): City {
  const copies: Partial<Record<RecordKind, Map<string, unknown>>> = {};
  const copyOf = (kind: RecordKind) => {
    copies[kind] ??= new Map<string, unknown>(city[kind]);
    return copies[kind];
  };
  for (const change of changes) {
    if (change[0] === 'set') copyOf(change[1]).set(change[2], change[3]);
    else copyOf(change[1]).delete(change[2]);
  }
  return { ...city, ...copies } as City;
}
