import { socketText } from '@kubecity/routing';
import type { AddressTable } from './address-table.ts';
import type { Destination, Target } from './edge.ts';

/** Backends that have edges, found without making text. */
export class Targets {
  /** By service port, then by address and port: mostly one, more when pods followed each other at the address. */
  readonly #byPort = new Map<string, Map<number, Target[]>>();
  readonly #addresses: AddressTable;

  constructor(addresses: AddressTable) {
    this.#addresses = addresses;
  }

  find({ servicePort, address, port, pod }: Destination): Target | undefined {
    const targets = this.#byPort.get(servicePort)?.get(socketNumber(address, port));
    return targets?.find((target) => target.pod?.uid === pod?.uid);
  }

  /** For a destination that `find` does not know. It holds its address. */
  create(destination: Destination): Target {
    const { servicePort, address, port } = destination;
    this.#addresses.holdAgain(address);
    const backend = socketText(this.#addresses.text(address), port);
    const target: Target = { ...destination, backend, edges: new Map() };
    const ofPort = this.#byPort.get(servicePort) ?? new Map<number, Target[]>();
    this.#byPort.set(servicePort, ofPort);
    const socket = socketNumber(address, port);
    ofPort.set(socket, [...(ofPort.get(socket) ?? []), target]);
    return target;
  }

  delete(target: Target): void {
    const { servicePort, address, port } = target;
    const ofPort = this.#byPort.get(servicePort) as Map<number, Target[]>;
    const socket = socketNumber(address, port);
    const left = ofPort.get(socket)?.filter((other) => other !== target) ?? [];
    if (left.length > 0) ofPort.set(socket, left);
    else ofPort.delete(socket);
    if (ofPort.size === 0) this.#byPort.delete(servicePort);
    this.#addresses.release(address);
  }
}

const socketNumber = (address: number, port: number): number => address * 65_536 + port;
