import type { Family } from '@kubecity/routing';
import { FlowDecoder } from './decode.ts';
import type { DumpFilter } from './dump-request.ts';
import { type PackedAddress, type PackedEndpoint, packWords } from './endpoint.ts';
import { ADDRESS, type FlowRow, IP_PROTOCOL } from './flow-row.ts';
import { flowIdentity } from './identity.ts';

/** What deciding over one UDP entry takes. */
export interface UdpFlow {
  /** IP protocol number. */
  readonly protocol: number;
  /** Where the client meant to go (before DNAT). */
  readonly destination: PackedAddress;
  readonly destinationPort: number;
  /** Who answers (after DNAT): the source of the reply direction. */
  readonly answerer: PackedEndpoint;
  readonly status: number;
  /** Conntrack zone; 0 is the default one. */
  readonly zone: number;
}

/** A flow with its name in the kernel. */
export interface UdpEntry extends UdpFlow {
  /** See `flowIdentity`. */
  readonly identity: Uint8Array;
}

/** What a dump is asked for, for `UdpFlowReader`. */
export const udpFilter = (family: Family): DumpFilter => ({
  family: family === 'IPv4' ? 4 : 6,
  tuple: { original: { protocol: IP_PROTOCOL.udp } },
});

/**
 * Reads the UDP entries of one family from received chunks and keeps those that are `wanted`. Entries of other protocols
 * and families are passed over (kernels before 5.8 send them although they were not asked for); entries that cannot be read
 * are counted as `malformed`, as is a chunk that ends inside a message.
 */
export class UdpFlowReader {
  readonly entries: UdpEntry[] = [];
  /** UDP entries looked at. */
  seen = 0;

  readonly #decoder: FlowDecoder;
  readonly #family: FlowRow['family'];
  readonly #wanted: (flow: UdpFlow) => boolean;

  constructor(family: Family, wanted: (flow: UdpFlow) => boolean) {
    this.#family = family === 'IPv4' ? 4 : 6;
    this.#wanted = wanted;
    this.#decoder = new FlowDecoder((row) => this.#row(row));
  }

  get malformed(): number {
    return this.#decoder.malformed;
  }

  read(bytes: Uint8Array): void {
    this.#decoder.read(bytes);
  }

  #row(row: FlowRow): void {
    if (row.protocol !== IP_PROTOCOL.udp || row.family !== this.#family) return;
    this.seen += 1;
    const flow: UdpFlow = {
      protocol: row.protocol,
      destination: packWords(row.family, row.words, ADDRESS.destination),
      destinationPort: row.destinationPort,
      answerer: packWords(row.family, row.words, ADDRESS.replySource) + String.fromCharCode(row.replySourcePort),
      status: row.status,
      zone: row.zone,
    };
    if (this.#wanted(flow)) this.entries.push({ ...flow, identity: flowIdentity(row) });
  }
}
