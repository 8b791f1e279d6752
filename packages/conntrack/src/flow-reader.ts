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
    const ports = flows.ports[slot] as number;
    const protocol = flows.protocolOf(slot);
    return {
      protocol: PROTOCOL_NAME.get(protocol) ?? String(protocol),
      client: (flows.edge[slot] as Edge).client,
      source: socketText(this.#addresses.text(flows.client[slot] as number), ports >>> 16),
      destination: socketText(this.#addresses.text(flows.destination[slot] as number), ports & 0xffff),
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
