import type { CityRecord, EdgeFrame, EdgeKey } from '@kubecity/protocol';
import { AgentLedger, backendIdOf, type EdgeDelta, edgeIdOf, type FrameOutcome } from './agent-ledger.ts';
import { SlidingSum } from './sliding-sum.ts';

/** Still open on a backend, summed over nodes. */
export interface OpenConnections {
  moving: number;
  idle: number;
  closing: number;
}

export const LOAD_WINDOW_SECONDS = 60;

/** What a client is called on the map, and where it is. The reporting node is its entry into the cluster. */
export type NameClient = (client: EdgeKey['client'], reporter: string) => CityRecord<'edge'>['client'];

/** All agents' ledgers together: figures per edge, per backend, and of the whole city over time. */
export class Traffic {
  readonly #ledgers = new Map<string, AgentLedger>();
  /** Backend id → opened, refused, bytes of the last minute. */
  readonly #loads = new Map<string, SlidingSum>();
  #tick = { opened: 0, refused: 0, bytes: 0 };
  #tickBegan: number | undefined;
  #firstFrameAt: number | undefined;

  ledgerOf(node: string): AgentLedger {
    const ledger = this.#ledgers.get(node) ?? new AgentLedger();
    this.#ledgers.set(node, ledger);
    return ledger;
  }

  /** The last frame's count of the node's connection table. */
  tableOf(node: string): EdgeFrame['table'] | undefined {
    return this.#ledgers.get(node)?.table;
  }

  forgetNode(node: string): void {
    this.#ledgers.get(node)?.forget();
  }

  /** @param now Unix milliseconds by the hub's clock */
  take(node: string, frame: EdgeFrame, now: number): FrameOutcome {
    const outcome = this.ledgerOf(node).apply(frame);
    if (!outcome.ok) return outcome;
    this.#firstFrameAt ??= now;
    this.#tickBegan ??= now;
    for (const { key, delta } of outcome.added) this.#add(backendIdOf(key), delta, now);
    return outcome;
  }

  #add(backend: string, delta: EdgeDelta, now: number): void {
    const bytes = delta.bytesToBackend + delta.bytesToClient;
    if (delta.opened + delta.refused + bytes === 0) return;
    const load = this.#loads.get(backend) ?? new SlidingSum(LOAD_WINDOW_SECONDS);
    this.#loads.set(backend, load);
    load.add(now, [delta.opened, delta.refused, bytes]);
    this.#tick.opened += delta.opened;
    this.#tick.refused += delta.refused;
    this.#tick.bytes += bytes;
  }

  /** Edge records by id. An edge is stale when an agent that counts in it is. */
  edges(isStale: (node: string) => boolean, nameClient: NameClient): Map<string, CityRecord<'edge'>> {
    const records = new Map<string, CityRecord<'edge'>>();
    for (const [node, ledger] of this.#ledgers) {
      const stale = isStale(node);
      for (const edge of ledger.edges.values()) {
        const id = edgeIdOf(edge.key);
        const [, opened, refused, unanswered, , , , , moving, idle, closing] = edge.row;
        const rates = ledger.ratesOf(edge);
        const record: CityRecord<'edge'> = {
          client: nameClient(edge.key.client, node),
          service: serviceOf(edge.key.servicePort),
          servicePort: edge.key.servicePort,
          backend: backendIdOf(edge.key),
          openedPerSecond: rounded(rates.opened),
          refusedPerSecond: rounded(rates.refused),
          bytesToBackendPerSecond: rounded(rates.bytesToBackend),
          bytesToClientPerSecond: rounded(rates.bytesToClient),
          packetsPerSecond: rounded(rates.packets),
          moving,
          idle,
          closing,
          opened,
          refused,
          unanswered,
          stale,
        };
        const other = records.get(id);
        records.set(id, other ? together(other, record) : record);
      }
    }
    return records;
  }

  /** Connections that the agents' last frames saw open, by backend id. */
  open(): Map<string, OpenConnections> {
    const open = new Map<string, OpenConnections>();
    for (const ledger of this.#ledgers.values()) {
      for (const { key, row } of ledger.edges.values()) {
        const id = backendIdOf(key);
        const sum = open.get(id) ?? { moving: 0, idle: 0, closing: 0 };
        open.set(id, { moving: sum.moving + row[8], idle: sum.idle + row[9], closing: sum.closing + row[10] });
      }
    }
    return open;
  }

  /** Load records of the backends given and of every other that has figures. */
  loads(backends: Iterable<string>, open: ReadonlyMap<string, OpenConnections>, now: number) {
    const records = new Map<string, CityRecord<'load'>>();
    if (this.#firstFrameAt === undefined) return records;
    const age = Math.ceil((now - this.#firstFrameAt) / 1000);
    const windowSeconds = Math.min(LOAD_WINDOW_SECONDS, Math.max(1, age));
    const openedOfPort = new Map<string, number>();
    for (const id of new Set([...backends, ...open.keys(), ...this.#loads.keys()])) {
      const sum = this.#loads.get(id)?.sum(now);
      if (!sum) this.#loads.delete(id);
      const [opened = 0, refused = 0, bytes = 0] = sum ?? [];
      const port = portOf(id);
      openedOfPort.set(port, (openedOfPort.get(port) ?? 0) + opened);
      records.set(id, {
        openedPerSecond: rounded(opened / windowSeconds),
        refusedPerSecond: rounded(refused / windowSeconds),
        bytesPerSecond: rounded(bytes / windowSeconds),
        opened,
        openedOfPort: 0,
        windowSeconds,
        ...(open.get(id) ?? { moving: 0, idle: 0, closing: 0 }),
      });
    }
    for (const [id, record] of records) record.openedOfPort = openedOfPort.get(portOf(id)) ?? 0;
    return records;
  }

  /** The point of the time line that ended by now, if one did; a point covers at least `length` milliseconds. */
  takeTick(now: number, length: number): CityRecord<'tick'> | undefined {
    if (this.#tickBegan === undefined || now - this.#tickBegan < length) return undefined;
    const seconds = (now - this.#tickBegan) / 1000;
    const { opened, refused, bytes } = this.#tick;
    this.#tick = { opened: 0, refused: 0, bytes: 0 };
    this.#tickBegan = now;
    return {
      at: now,
      openedPerSecond: rounded(opened / seconds),
      bytesPerSecond: rounded(bytes / seconds),
      refusedPerSecond: rounded(refused / seconds),
    };
  }
}

/** The same client and backend, seen by two nodes: an address outside may come in through both. */
function together(a: CityRecord<'edge'>, b: CityRecord<'edge'>): CityRecord<'edge'> {
  return {
    ...a,
    openedPerSecond: a.openedPerSecond + b.openedPerSecond,
    refusedPerSecond: a.refusedPerSecond + b.refusedPerSecond,
    bytesToBackendPerSecond: a.bytesToBackendPerSecond + b.bytesToBackendPerSecond,
    bytesToClientPerSecond: a.bytesToClientPerSecond + b.bytesToClientPerSecond,
    packetsPerSecond: a.packetsPerSecond + b.packetsPerSecond,
    moving: a.moving + b.moving,
    idle: a.idle + b.idle,
    closing: a.closing + b.closing,
    opened: a.opened + b.opened,
    refused: a.refused + b.refused,
    unanswered: a.unanswered + b.unanswered,
    stale: a.stale || b.stale,
  };
}

/** `namespace/name` of `namespace/name:portName/PROTOCOL`. */
export const serviceOf = (servicePort: string) => servicePort.slice(0, servicePort.indexOf(':'));

const portOf = (backendId: string) => backendId.slice(0, backendId.lastIndexOf('|'));

/** Three digits after the point: finer differences are noise, and would make every record new in every frame. */
const rounded = (figure: number) => Math.round(figure * 1000) / 1000;
