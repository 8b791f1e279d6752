import type { AddressTable } from './address-table.ts';
import type { DirectoryServicePort } from './directory-change.ts';
import { IP_PROTOCOL } from './flow-row.ts';

const PROTOCOL_NUMBER: Readonly<Record<DirectoryServicePort['protocol'], number>> = {
  TCP: IP_PROTOCOL.tcp,
  UDP: IP_PROTOCOL.udp,
  SCTP: IP_PROTOCOL.sctp,
};

/** Instead of the number of an address: the port is open on every node. */
const ANY_ADDRESS = -1;

interface Door {
  readonly id: string;
  readonly key: string;
}

/** Which service port is behind an address and port: cluster, load balancer and external IPs, then node ports. */
export class ServiceDoors {
  /** Behind one door mostly one service port, else sorted by id: the first has it, whatever the order of arrival. */
  readonly #doors = new Map<number, readonly Door[]>();
  /** The numbers of a service port's doors and of their addresses. */
  readonly #owned = new Map<string, { readonly doors: readonly number[]; readonly addresses: readonly number[] }>();
  readonly #addresses: AddressTable;

  constructor(addresses: AddressTable) {
    this.#addresses = addresses;
  }

  /** @param addresses numbers of `value.addresses`, which the doors hold from now on */
  set(id: string, { key, protocol, port, nodePort }: DirectoryServicePort, addresses: readonly number[]): void {
    this.delete(id);
    const number = PROTOCOL_NUMBER[protocol];
    const doors = addresses.map((address) => doorNumber(number, address, port));
    if (nodePort !== undefined) doors.push(doorNumber(number, ANY_ADDRESS, nodePort));
    for (const door of doors) {
      const others = this.#doors.get(door) ?? [];
      this.#doors.set(
        door,
        [...others, { id, key }].sort((a, b) => (a.id < b.id ? -1 : 1)),
      );
    }
    this.#owned.set(id, { doors, addresses });
  }

  delete(id: string): void {
    const { doors = [], addresses = [] } = this.#owned.get(id) ?? {};
    this.#owned.delete(id);
    for (const door of doors) {
      const others = this.#doors.get(door)?.filter((other) => other.id !== id) ?? [];
      if (others.length > 0) this.#doors.set(door, others);
      else this.#doors.delete(door);
    }
    for (const address of addresses) this.#addresses.release(address);
  }

  /** A node port listens also on addresses of its node that the API does not name: it is known by its number alone. */
  find(protocol: number, address: number, port: number): string | undefined {
    const doors =
      this.#doors.get(doorNumber(protocol, address, port)) ?? this.#doors.get(doorNumber(protocol, ANY_ADDRESS, port));
    return doors?.[0]?.key;
  }
}

/** Exact: 31 bits of address, 8 of protocol, 16 of port. */
const doorNumber = (protocol: number, address: number, port: number): number =>
  (address * 256 + protocol) * 65_536 + port;
