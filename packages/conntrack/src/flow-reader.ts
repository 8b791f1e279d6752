import type { FlowDetail } from '@kubecity/protocol';
import { socketText } from '@kubecity/routing';
import type { AddressTable } from './address-table.ts';
import type { Edge } from './edge.ts';
import { FLOW_CLASSES, type OpenClass, WITHOUT_COUNTERS } from './flow-class.ts';
import { FLOW } from './flow-flags.ts';
import { ADDRESS, emptyFlowRow, type FlowRow, IP_PROTOCOL } from './flow-row.ts';
import type { FlowTable } from './flow-table.ts';
import { flowIdentity } from './identity.ts';

export interface FlowQuery {
  /** `''` = past every Service. */
  readonly servicePort: string;
  /** `address:port`; every backend when absent. */
  readonly backend?: string;
}

/** What a connection of a Service does, to decide about it. */
export interface FlowState {
  readonly servicePort: string;
  /** `address:port` */
  readonly backend: string;
  /** IP protocol number. */
  readonly protocol: number;
  readonly class: Exclude<OpenClass, 'closing'>;
  /** How long no dump has shown it move, by the times of the dumps; never more than we have known it. */
  readonly quietMs: number;
}

/** One connection that is to be ended. */
export interface OpenFlow extends FlowState {
  /** As much of a row as names the entry (`flowIdentity`). */
  readonly row: FlowRow;
  /** Protocol, client and the address that it meant: the same for an entry that comes back. */
  readonly tuple: string;
  /** As they were seen last; 0 where the kernel keeps no counters. */
  readonly originalPackets: number;
  readonly replyPackets: number;
}

/** @param tuple `OpenFlow.tuple`, made when it is asked for */
export type WantedFlow = (flow: FlowState, tuple: () => string) => boolean;

const PROTOCOL_NAME = new Map<number, string>([
  [IP_PROTOCOL.tcp, 'TCP'],
  [IP_PROTOCOL.udp, 'UDP'],
  [IP_PROTOCOL.sctp, 'SCTP'],
]);

/** Reads single flows of an edge out of the table. */
export class FlowReader {
  readonly #flows: FlowTable;
  readonly #addresses: AddressTable;

  constructor(flows: FlowTable, addresses: AddressTable) {
    this.#flows = flows;
    this.#addresses = addresses;
  }

  /** The busiest first: by bytes since the kernel's entry began, or since we know it. */
  details(query: FlowQuery, limit: number): { total: number; flows: FlowDetail[] } {
    const slots = this.#matching(query);
    const { originalBytes, replyBytes } = this.#flows;
    const bytes = (slot: number) => (originalBytes[slot] as number) + (replyBytes[slot] as number);
    const busiest = slots.sort((a, b) => bytes(b) - bytes(a)).slice(0, limit);
    return { total: slots.length, flows: busiest.map((slot) => this.#detail(slot)) };
  }

  identities(query: FlowQuery, classes: readonly OpenClass[]): Uint8Array[] {
    return this.#matching(query)
      .filter((slot) => (classes as readonly string[]).includes(this.#className(slot)))
      .map((slot) => flowIdentity(this.#named(slot)));
  }

  /** @param quietMs how long ago a dump began, by its number */
  openFlows(wanted: WantedFlow, quietMs: (revision: number) => number): OpenFlow[] {
    const flows = this.#flows;
    const found: OpenFlow[] = [];
    for (let slot = 0; slot < flows.top; slot += 1) {
      const edge = flows.edge[slot];
      if (!edge || edge.servicePort === '' || !flows.isLive(slot) || flows.is(slot, FLOW.missing)) continue;
      const flowClass = this.#className(slot);
      if (flowClass === 'over' || flowClass === 'closing') continue;
      const state: FlowState = {
        servicePort: edge.servicePort,
        // Text that is there already, but where the edge sums backends, too.
        backend: edge.target?.backend ?? this.#backend(slot),
        protocol: flows.protocolOf(slot),
        class: flowClass,
        quietMs: quietMs(flows.movedIn[slot] as number),
      };
      if (wanted(state, () => this.#tuple(slot))) found.push(this.#openFlow(slot, state));
    }
    return found;
  }

  #openFlow(slot: number, state: FlowState): OpenFlow {
    const flows = this.#flows;
    return {
      ...state,
      row: this.#named(slot),
      tuple: this.#tuple(slot),
      originalPackets: flows.originalPackets[slot] as number,
      replyPackets: flows.replyPackets[slot] as number,
    };
  }

  #matching({ servicePort, backend }: FlowQuery): number[] {
    const flows = this.#flows;
    const slots: number[] = [];
    for (let slot = 0; slot < flows.top; slot += 1) {
      if (!flows.isLive(slot) || flows.is(slot, FLOW.missing)) continue;
      if (flows.edge[slot]?.servicePort !== servicePort) continue;
      if (backend === undefined || this.#backend(slot) === backend) slots.push(slot);
    }
    return slots;
  }

  #detail(slot: number): FlowDetail {
    const flows = this.#flows;
    const protocol = flows.protocolOf(slot);
    return {
      protocol: PROTOCOL_NAME.get(protocol) ?? String(protocol),
      client: (flows.edge[slot] as Edge).client,
      ...this.#ends(slot),
      backend: this.#backend(slot),
      state: this.#className(slot),
      since: flows.since[slot] as number,
      packetsToBackend: flows.originalPackets[slot] as number,
      bytesToBackend: flows.originalBytes[slot] as number,
      packetsToClient: flows.replyPackets[slot] as number,
      bytesToClient: flows.replyBytes[slot] as number,
      counted: !flows.is(slot, FLOW.uncounted),
    };
  }

  #tuple(slot: number): string {
    const { source, destination } = this.#ends(slot);
    return `${this.#flows.protocolOf(slot)} ${source} ${destination}`;
  }

  #ends(slot: number): Pick<FlowDetail, 'source' | 'destination'> {
    const { client, destination, ports } = this.#flows;
    const both = ports[slot] as number;
    return {
      source: socketText(this.#addresses.text(client[slot] as number), both >>> 16),
      destination: socketText(this.#addresses.text(destination[slot] as number), both & 0xffff),
    };
  }

  #backend(slot: number): string {
    const { backend, backendPort } = this.#flows;
    return socketText(this.#addresses.text(backend[slot] as number), backendPort[slot] as number);
  }

  #className(slot: number): FlowDetail['state'] {
    return FLOW_CLASSES[(this.#flows.class[slot] as number) & ~WITHOUT_COUNTERS] as FlowDetail['state'];
  }

  /** As much of a row as names the entry. */
  #named(slot: number): FlowRow {
    const flows = this.#flows;
    const row = emptyFlowRow();
    const ports = flows.ports[slot] as number;
    row.family = flows.familyOf(slot);
    row.protocol = flows.protocolOf(slot);
    row.zone = flows.zoneOf(slot);
    row.id = (flows.id[slot] as number) >>> 0;
    this.#addresses.copy(flows.client[slot] as number, row.words, ADDRESS.source);
    this.#addresses.copy(flows.destination[slot] as number, row.words, ADDRESS.destination);
    row.sourcePort = ports >>> 16;
    row.destinationPort = ports & 0xffff;
    return row;
  }
}
