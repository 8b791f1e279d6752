import type { EdgeClient } from '@kubecity/protocol';
import { formatIPv4 } from './address.ts';
import { type FlowRow, IP_PROTOCOL } from './flow-row.ts';

/** Who is behind an address at this moment. */
export interface Directory {
  /**
   * Key (`namespace/name:portName/PROTOCOL`) of the service port that listens there; undefined when it is none.
   * `protocol` is the IP protocol number.
   */
  servicePort(protocol: number, address: string, port: number): string | undefined;
  client(address: string): EdgeClient;
}

/** What a Service may serve, in two bits: with 32 of address and 16 of port a key stays an exact number. */
const PROTOCOL_BITS = new Map<number, number>([
  [IP_PROTOCOL.tcp, 0],
  [IP_PROTOCOL.udp, 1],
  [IP_PROTOCOL.sctp, 2],
]);

/**
 * Answers of a directory by numbers, remembered for one dump: a row costs no text, however often its service port or
 * client comes again, and the next dump sees a directory that has changed.
 */
export class DirectoryMemo {
  readonly #directory: Directory;
  readonly #servicePorts = new Map<number, string | undefined>();
  readonly #clients = new Map<number, EdgeClient>();

  constructor(directory: Directory) {
    this.#directory = directory;
  }

  forget(): void {
    this.#servicePorts.clear();
    this.#clients.clear();
  }

  servicePort(row: FlowRow): string | undefined {
    const bits = PROTOCOL_BITS.get(row.protocol);
    if (bits === undefined) return undefined;
    const key = (bits * 0x1_0000_0000 + row.destination) * 0x1_0000 + row.destinationPort;
    if (this.#servicePorts.has(key)) return this.#servicePorts.get(key);
    const found = this.#directory.servicePort(row.protocol, formatIPv4(row.destination), row.destinationPort);
    this.#servicePorts.set(key, found);
    return found;
  }

  client(address: number): EdgeClient {
    const known = this.#clients.get(address);
    if (known) return known;
    const client = this.#directory.client(formatIPv4(address));
    this.#clients.set(address, client);
    return client;
  }
}
