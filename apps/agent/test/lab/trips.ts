import type { EdgeKey } from '@kubecity/protocol';
import type { OpenOrder } from './traffic.ts';
import type { TruthCity } from './truth-city.ts';
import { type Family, OUTSIDE } from './two-nodes.ts';

export interface Trip extends Partial<OpenOrder> {
  readonly count: number;
  /** `''`: straight to the pod. */
  readonly servicePort: string;
  /** Where the client's packets enter the cluster's routing; its own node unless told. */
  readonly entry?: string;
  /** The pod that will not be heard of. */
  readonly backend?: string;
}

/** Connections that are written down as they are made. */
export class Trips {
  readonly #city: TruthCity;

  constructor(city: TruthCity) {
    this.#city = city;
  }

  async go(name: string, family: Family, to: readonly [string, number], trip: Trip): Promise<void> {
    const { servicePort, entry = this.#nodeOf(name), backend, ...order } = trip;
    const client = this.#city.client(name);
    const from = order.from ?? client.place.addresses[family];
    const made = await client.open({ ...order, from, to });
    if (entry === undefined) throw new Error(`where do packets of ${name} enter?`);
    this.#city.book.write(made, {
      client: this.#clientOf(name, from),
      servicePort,
      entry,
      ...(backend !== undefined && { backend }),
    });
  }

  #nodeOf(name: string): string | undefined {
    if (name === OUTSIDE.netns) return undefined;
    return this.#city.net.nodes.has(name) ? name : this.#city.pod(name).node;
  }

  /** The client as the agents should call it. */
  #clientOf(name: string, from: string): EdgeKey['client'] {
    if (this.#city.net.nodes.has(name)) return { kind: 'node', name };
    if (name !== OUTSIDE.netns) return { kind: 'pod', uid: this.#city.pod(name).uid, namespace: 'shop', name };
    return { kind: 'outside', network: from.includes(':') ? '2001:db8:9::/48' : from.replace(/\d+$/, '0/24') };
  }
}
