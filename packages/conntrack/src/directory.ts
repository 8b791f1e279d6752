import type { EdgeClient } from '@kubecity/protocol';
import { formatIPv4 } from './address.ts';
import { type FlowRow, IP_PROTOCOL } from './flow-row.ts';

export type ServiceProtocol = 'TCP' | 'UDP' | 'SCTP';

/** Who is behind an address at this moment. */
export interface Directory {
  /** Key (`namespace/name:portName/PROTOCOL`) of the service port that listens there; undefined when it is none. */
  servicePort(protocol: ServiceProtocol, address: string, port: number): string | undefined;
  client(address: string): EdgeClient;
}

const protocols = new Map<number, ServiceProtocol>([
  [IP_PROTOCOL.tcp, 'TCP'],
  [IP_PROTOCOL.udp, 'UDP'],
  [IP_PROTOCOL.sctp, 'SCTP'],
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
    const protocol = protocols.get(row.protocol);
    if (!protocol) return undefined;
    // 8 + 32 + 16 bits do not fit exactly into a number; the protocol's two low bits tell 6, 17 and 132 apart.
    const key = ((row.protocol & 3) * 0x1_0000_0000 + row.destination) * 0x1_0000 + row.destinationPort;
    if (this.#servicePorts.has(key)) return this.#servicePorts.get(key);
    const found = this.#directory.servicePort(protocol, formatIPv4(row.destination), row.destinationPort);
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
