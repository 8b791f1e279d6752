/** How a workload answers: HTTP, one reply for each line over TCP, or one datagram for each over UDP. */
export type Server = 'http' | 'lines' | 'lookup';

/** One Service of the city, the Deployment behind it, and whom that one calls. */
export interface ServicePlan {
  readonly namespace: string;
  readonly name: string;
  readonly server: Server;
  /** Of the Service; its pods listen on `targetPorts[server]`. */
  readonly port: number;
  readonly replicas: number;
  /** See workload/call.ts. */
  readonly calls: readonly string[];
  /** One more pod behind the same Service, version v2, with this `FAULT` (see workload/fault.ts). */
  readonly faultyPod?: string;
}

/** A Deployment of one pod that no Service stands for: it only calls others. */
export type ClientPlan = Pick<ServicePlan, 'namespace' | 'name' | 'calls'>;

export const targetPorts = { http: 8080, lines: 5432, lookup: 5300 } as const satisfies Record<Server, number>;

/**
 * The small shop. `reviews` has no pods on purpose: whoever calls it is refused by the kernel, until somebody scales it up.
 * Rates are of one pod and together about a hundred new connections a second, a fraction of what one core can do.
 */
export const shop: readonly ServicePlan[] = [
  {
    namespace: 'shop',
    name: 'web',
    server: 'http',
    port: 80,
    replicas: 4,
    calls: [
      'http catalog.shop 2.5/s',
      'http cart.shop 2/s',
      'http search.shop 1.5/s',
      'http checkout.shop 1.5/s',
      'http reviews.shop 0.5/s',
      'query sessions.data 2/s',
    ],
  },
  {
    namespace: 'shop',
    name: 'catalog',
    server: 'http',
    port: 80,
    replicas: 4,
    calls: ['hold orders-db.data 2', 'lookup lookup.platform 2/s'],
  },
  {
    namespace: 'shop',
    name: 'cart',
    server: 'http',
    port: 80,
    replicas: 3,
    calls: ['hold sessions.data 2', 'http catalog.shop 1/s'],
  },
  {
    namespace: 'shop',
    name: 'checkout',
    server: 'http',
    port: 80,
    replicas: 3,
    calls: [
      'http payments.payments 2/s',
      'hold orders-db.data 2',
      'query orders-db.data 2/s',
      'lookup lookup.platform 2/s',
    ],
  },
  {
    namespace: 'payments',
    name: 'payments',
    server: 'http',
    port: 8443,
    replicas: 3,
    calls: ['http fraud.payments 2/s', 'hold orders-db.data 1', 'lookup lookup.platform 1/s'],
  },
  {
    namespace: 'data',
    name: 'orders-db',
    server: 'lines',
    port: 5432,
    replicas: 2,
    calls: [],
  },
  { namespace: 'platform', name: 'lookup', server: 'lookup', port: 53, replicas: 2, calls: [] },
  { namespace: 'shop', name: 'search', server: 'http', port: 80, replicas: 3, calls: ['http catalog.shop 1/s'] },
  {
    namespace: 'payments',
    name: 'fraud',
    server: 'http',
    port: 80,
    replicas: 2,
    calls: [],
    faultyPod: 'closed 4 of 16 s',
  },
  { namespace: 'data', name: 'sessions', server: 'lines', port: 6379, replicas: 3, calls: [] },
  { namespace: 'shop', name: 'reviews', server: 'http', port: 80, replicas: 0, calls: [] },
];

/**
 * Strays where it has no business: the payments, and an address outside of the cluster. About once in 5 s one or the other
 * is refused by a policy (see policies.ts); the catalog is open to it, as to everybody.
 */
export const stray: ClientPlan = {
  namespace: 'shop',
  name: 'stray',
  calls: ['http catalog.shop 0.5/s', 'http payments.payments 0.1/s', 'http 203.0.113.7:80 0.1/s'],
};

/** What comes in through the gate, from outside the cluster. */
export const gateCalls: readonly string[] = ['http web.shop 12/s'];
