import { parseWords } from './address.ts';
import { AddressTable } from './address-table.ts';
import type { DirectoryChange, DirectoryNode, DirectoryPod } from './directory-change.ts';
import { type NetworkBits, Networks } from './networks.ts';
import { type Party, partyOf } from './party.ts';
import { ServiceDoors } from './service-doors.ts';
import { Tenures } from './tenures.ts';

export interface DirectoryOptions {
  /** Name of the node whose entries are attributed. */
  readonly node: string;
  /** Clients outside the cluster are grouped by networks of so many bits; by default 24 and 48. */
  readonly networks?: NetworkBits;
}

interface KnownPod {
  readonly party: Party;
  readonly addresses: readonly number[];
}

/**
 * Who is who among addresses: which service port a connection was opened to, which pod, node or network is at its ends.
 * Addresses are given by their number in `addresses`. A finished pod's address may already be another's, so only pods
 * that run hold theirs; pods on the host's network are the node.
 */
export class Directory {
  readonly node: string;
  readonly addresses = new AddressTable();
  /** Grows when an answer may have changed. */
  version = 0;

  readonly #doors = new ServiceDoors(this.addresses);
  readonly #pods = new Map<string, KnownPod>();
  readonly #tenures = new Tenures();
  readonly #nodes = new Map<string, KnownPod>();
  readonly #nodeAt = new Map<number, Party>();
  readonly #networks: Networks;
  readonly #words = new Uint32Array(4);

  constructor({ node, networks = { 4: 24, 6: 48 } }: DirectoryOptions) {
    this.node = node;
    this.#networks = new Networks(networks);
    this.#setNode(node, { name: node, addresses: [] });
  }

  /**
   * @param now Unix ms, of the same clock as the times of dumps
   * @returns what is wrong with changes; those were left out
   */
  apply(changes: Iterable<DirectoryChange>, now: number): readonly string[] {
    const problems: string[] = [];
    for (const change of changes) {
      try {
        this.#apply(change, now);
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        const id = change.kind === 'servicePort' ? change.id : change.kind === 'pod' ? change.uid : change.name;
        problems.push(`${change.kind} ${id}: addresses: ${error.message}`);
      }
    }
    this.#tenures.purge(now, (address) => {
      this.addresses.copy(address, this.#words, 0);
      this.#networks.podWent(this.addresses.family(address), this.#words);
      this.addresses.release(address);
    });
    return problems;
  }

  /** Key of the service port behind the original destination of a translated flow; `protocol` is the IP number. */
  servicePort(protocol: number, address: number, port: number): string | undefined {
    return this.#doors.find(protocol, address, port);
  }

  /** The pod whose a flow is that is seen at `now` and began at `startedAt` (Unix ms, 0 = not known). */
  pod(address: number, now: number, startedAt: number): Party | undefined {
    return this.#tenures.holder(address, now, startedAt);
  }

  /** A pod or node. Who calls from a loopback address is this node. */
  known(address: number, now: number, startedAt: number): Party | undefined {
    return (
      this.pod(address, now, startedAt) ??
      this.#nodeAt.get(address) ??
      (this.#isLoopback(address) ? this.#nodes.get(this.node)?.party : undefined)
    );
  }

  outside(address: number): Party {
    this.addresses.copy(address, this.#words, 0);
    return this.#networks.outside(this.addresses.family(address), this.#words);
  }

  /** Pods have addresses like this one: it may be one of whom we have not heard yet. */
  mayBePod(address: number): boolean {
    this.addresses.copy(address, this.#words, 0);
    return this.#networks.hasPods(this.addresses.family(address), this.#words);
  }

  #apply(change: DirectoryChange, now: number): void {
    if (change.kind === 'pod') this.#setPod(change.uid, change.value, now);
    else if (change.kind === 'node') this.#setNode(change.name, change.value);
    else {
      if (change.value) this.#doors.set(change.id, change.value, this.#hold(change.value.addresses));
      else this.#doors.delete(change.id);
      this.version += 1;
    }
  }

  #setPod(uid: string, pod: DirectoryPod | undefined, now: number): void {
    const before = this.#pods.get(uid);
    const holds = pod && !pod.hostNetwork && !pod.finished && pod.addresses.length > 0;
    const addresses = this.#hold(holds ? pod.addresses : []);
    const stays = (address: number) => before?.addresses.includes(address);
    if (holds) {
      const party = partyOf({ kind: 'pod', uid, namespace: pod.namespace, name: pod.name }, pod.node);
      for (const address of addresses) {
        if (stays(address)) this.#tenures.renew(address, party);
        else this.#move(address, party, now);
        // A tenure holds its address beyond its end.
        if (stays(address)) this.addresses.release(address);
      }
      if (party.node !== before?.party.node) this.version += 1;
      this.#pods.set(uid, { party, addresses });
    } else this.#pods.delete(uid);
    if (!before) return;
    for (const address of before.addresses) {
      if (addresses.includes(address)) continue;
      this.#tenures.end(address, before.party, now);
      this.version += 1;
    }
  }

  #move(address: number, party: Party, now: number): void {
    this.#tenures.begin(address, party, now);
    this.addresses.copy(address, this.#words, 0);
    this.#networks.podCame(this.addresses.family(address), this.#words);
    this.version += 1;
  }

  #setNode(name: string, node: DirectoryNode | undefined): void {
    // This node is there as long as we are.
    const addresses = this.#hold(node?.addresses ?? []);
    for (const address of this.#nodes.get(name)?.addresses ?? []) {
      if (this.#nodeAt.get(address)?.client === this.#nodes.get(name)?.party.client) this.#nodeAt.delete(address);
      this.addresses.release(address);
    }
    const party = partyOf({ kind: 'node', name }, name);
    for (const address of addresses) this.#nodeAt.set(address, party);
    if (node || name === this.node) this.#nodes.set(name, { party, addresses });
    else this.#nodes.delete(name);
    this.version += 1;
  }

  /** Numbers of the addresses, held. Throws RangeError, and holds none, when one is no address. */
  #hold(addresses: readonly string[]): number[] {
    const parsed = [...new Set(addresses)].map(parseWords);
    return parsed.map(({ family, words }) => this.addresses.hold(family, words, 0));
  }

  #isLoopback(address: number): boolean {
    const { addresses } = this;
    if (addresses.family(address) === 4) return addresses.word(address, 0) >>> 24 === 127;
    return addresses.word(address, 3) === 1 && [0, 1, 2].every((n) => addresses.word(address, n) === 0);
  }
}
