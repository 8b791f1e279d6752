import type { EdgeKey } from '@kubecity/protocol';

/**
 * The figures of an edge, in the order of `EdgeRow` without its id: seven totals that only grow, then what is open now by
 * class. Every account (edge, backend, service port, city) is one row of `FIGURES` numbers.
 */
export const FIGURE = {
  opened: 0,
  refused: 1,
  unanswered: 2,
  packetsToBackend: 3,
  bytesToBackend: 4,
  packetsToClient: 5,
  bytesToClient: 6,
  moving: 7,
  idle: 8,
  closing: 9,
  waiting: 10,
  uncounted: 11,
} as const;
export const TOTALS = 7;
export const FIGURES = 12;

/** What flows through the windows of an edge, a service port and the city, in this order. */
export const RATE = { opened: 0, refused: 1, unanswered: 2, bytesToBackend: 3, bytesToClient: 4, packets: 5 } as const;
export const RATES = 6;

/** Fills `rates` with what `change`, a row of figures, adds to them. */
export function ratesOf(change: Float64Array, rates: Float64Array): void {
  rates[RATE.opened] = change[FIGURE.opened] as number;
  rates[RATE.refused] = change[FIGURE.refused] as number;
  rates[RATE.unanswered] = change[FIGURE.unanswered] as number;
  rates[RATE.bytesToBackend] = change[FIGURE.bytesToBackend] as number;
  rates[RATE.bytesToClient] = change[FIGURE.bytesToClient] as number;
  rates[RATE.packets] = (change[FIGURE.packetsToBackend] as number) + (change[FIGURE.packetsToClient] as number);
}

export const backendIdOf = (key: { servicePort: string; backend: string }) => `${key.servicePort}|${key.backend}`;

export function clientIdOf({ client }: EdgeKey): string {
  if (client.kind === 'pod') return `pod:${client.uid}`;
  return client.kind === 'node' ? `node:${client.name}` : `outside:${client.network}`;
}

/** `<client id>><backend id>`, and `><pod uid>` when the pod behind it is known. */
export const edgeIdOf = (key: EdgeKey) =>
  `${clientIdOf(key)}>${backendIdOf(key)}${key.pod === undefined ? '' : `>${key.pod.uid}`}`;

/** `namespace/name` of `namespace/name:portName/PROTOCOL`; `''` of `''`. */
export const serviceOf = (servicePort: string) => servicePort.slice(0, Math.max(0, servicePort.indexOf(':')));
