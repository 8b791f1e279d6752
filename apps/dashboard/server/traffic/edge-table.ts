import type { EdgeKey, EdgeName } from '@kubecity/protocol';
import { Accounts } from './accounts.ts';
import { backendIdOf, edgeIdOf, RATES, serviceOf } from './figures.ts';
import { grown, NamedSlots } from './named-slots.ts';

/** Rates of edges are means over so many seconds. */
export const EDGE_WINDOW_SECONDS = 10;
/** An edge that no agent has any more stays so long: one that returns meanwhile (a restarted agent tells it anew) is the same. */
const EDGE_KEEP_MILLISECONDS = 5000;
/** All agents together; frames that would pass it are refused. */
export const MOST_EDGES = 250_000;

export type NameEdge = (key: EdgeKey, reporter: string) => EdgeName;

/** The edges of all agents together, in columns by slot. A slot is used again; a serial is not. */
export class EdgeTable {
  readonly accounts = new Accounts({
    rates: RATES,
    seconds: EDGE_WINDOW_SECONDS,
    keepMilliseconds: EDGE_KEEP_MILLISECONDS,
  });
  readonly services = new NamedSlots(0);
  readonly #names: (EdgeName | undefined)[] = [];
  /** 0 = the slot is free. */
  #serials = new Uint32Array(0);
  #service = new Uint32Array(0);
  /** Agents that count in this edge and are silent. */
  #silent = new Int32Array(0);
  /** 1 = the row that was shown last may not be what it would be now. */
  #restless = new Uint8Array(0);
  #lastSerial = 0;

  get length(): number {
    return this.accounts.slots.length;
  }

  get size(): number {
    return this.accounts.slots.size;
  }

  serialOf(slot: number): number {
    return this.#serials[slot] as number;
  }

  /** @throws Error when the slot is free */
  nameOf(slot: number): EdgeName {
    const name = this.#names[slot];
    if (!name) throw new Error(`no edge in slot ${slot}`);
    return name;
  }

  serviceOf(slot: number): number {
    return this.#service[slot] as number;
  }

  isStale(slot: number): boolean {
    return (this.#silent[slot] as number) > 0;
  }

  isRestless(slot: number): boolean {
    return this.#restless[slot] === 1;
  }

  /** Its row was made for this second: it is good until something changes, once nothing flows through its windows. */
  rest(slot: number, second: number): void {
    if (second > this.accounts.windows.flowsUntil(slot) + EDGE_WINDOW_SECONDS) this.#restless[slot] = 0;
  }

  hold(key: EdgeKey, reporter: string, nameEdge: NameEdge): { readonly slot: number; readonly isNew: boolean } {
    const held = this.accounts.hold(edgeIdOf(key));
    if (held.isNew) this.#begin(held.slot, key, nameEdge(key, reporter));
    return held;
  }

  release(slot: number, now: number): void {
    this.accounts.slots.release(slot, now);
  }

  /** Gives free what nobody has any more, and says which slots. */
  sweep(now: number): number[] {
    const freed = this.accounts.slots.sweep(now);
    for (const slot of freed) {
      this.services.release(this.serviceOf(slot), now);
      this.#names[slot] = undefined;
      this.#serials[slot] = 0;
    }
    this.services.sweep(now);
    return freed;
  }

  setSilent(slot: number, more: 1 | -1): void {
    this.#silent[slot] = (this.#silent[slot] as number) + more;
    this.stir(slot);
  }

  /** Something of this edge changed. */
  stir(slot: number): void {
    this.#restless[slot] = 1;
  }

  #begin(slot: number, key: EdgeKey, name: EdgeName): void {
    this.#serials = grown(this.#serials, this.length);
    this.#service = grown(this.#service, this.length);
    this.#silent = grown(this.#silent, this.length);
    this.#restless = grown(this.#restless, this.length);
    this.#lastSerial += 1;
    this.#serials[slot] = this.#lastSerial;
    this.#service[slot] = this.services.hold(serviceOf(key.servicePort)).slot;
    this.#silent[slot] = 0;
    this.#names[slot] = name;
    this.stir(slot);
  }
}

/** What an edge is called on the map. `nodeOfPod` is where a pod runs, if that is known. */
export function edgeNamer(nodeOfPod: (uid: string) => string | undefined): NameEdge {
  return (key, reporter) => ({
    client: clientName(key.client, reporter, nodeOfPod),
    service: serviceOf(key.servicePort),
    servicePort: key.servicePort,
    backend: backendIdOf(key),
    podUid: key.pod?.uid,
  });
}

/** The reporting node is a client's entry into the cluster, if nothing better is known. */
function clientName(
  client: EdgeKey['client'],
  reporter: string,
  nodeOfPod: (uid: string) => string | undefined,
): EdgeName['client'] {
  if (client.kind === 'node') {
    return { kind: 'node', id: `node:${client.name}`, label: client.name, node: client.name };
  }
  if (client.kind === 'outside') {
    return { kind: 'outside', id: `outside:${client.network}`, label: client.network, node: reporter };
  }
  const label = `${client.namespace}/${client.name}`;
  return { kind: 'pod', id: `pod:${client.uid}`, label, node: nodeOfPod(client.uid) ?? reporter };
}
