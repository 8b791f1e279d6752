import type { CityEdgeRow, EdgeName } from '@kubecity/protocol';
import type { Connection } from './connection.ts';
import { EXIT } from './failure.ts';
import { bytes } from './figures.ts';
import { type Format, tell, type View } from './output.ts';
import type { Terminal } from './terminal.ts';

/** Connections of one client to one backend, summed. Rates are means over 10 s. */
export interface Edge {
  readonly client: string;
  readonly clientNode?: string;
  /** `namespace/name`; `''` of connections past every Service. */
  readonly service: string;
  readonly servicePort: string;
  readonly backend: string;
  /** Its agent is silent, so these are old figures. */
  readonly stale: boolean;
  readonly moving: number;
  readonly idle: number;
  readonly closing: number;
  readonly openedPerSecond: number;
  readonly refusedPerSecond: number;
  readonly bytesPerSecond: number;
  /** Totals since the dashboard first heard the agents. */
  readonly opened: number;
  readonly refused: number;
  readonly unanswered: number;
}

export function edgeOf(name: EdgeName, row: CityEdgeRow): Edge {
  const [, stale = 0, moving = 0, idle = 0, closing = 0, , , opened = 0, refused = 0, unanswered = 0, ...rates] = row;
  const [openedPerSecond = 0, refusedPerSecond = 0, toBackend = 0, toClient = 0] = rates;
  return {
    client: name.client.label,
    clientNode: name.client.node,
    service: name.service,
    servicePort: name.servicePort,
    backend: name.backend.slice(name.backend.lastIndexOf('|') + 1),
    stale: stale === 1,
    moving,
    idle,
    closing,
    openedPerSecond,
    refusedPerSecond,
    bytesPerSecond: toBackend + toClient,
    opened,
    refused,
    unanswered,
  };
}

interface Scope {
  readonly namespace: string | undefined;
  /** Of Services. */
  readonly names: readonly string[];
}

/** Those of chosen Services, the busiest first. */
export function chosenEdges(edges: readonly Edge[], { namespace, names }: Scope): Edge[] {
  return edges
    .filter(({ service }) => {
      const [home = '', name = ''] = service.split('/');
      return (namespace === undefined || home === namespace) && (names.length === 0 || names.includes(name));
    })
    .sort(
      (a, b) => b.openedPerSecond - a.openedPerSecond || b.bytesPerSecond - a.bytesPerSecond || b.moving - a.moving,
    );
}

export const edgeView = (none: string): View<Edge> => ({
  none,
  name: ({ client, servicePort, backend }) => `edge/${client}>${servicePort}|${backend}`,
  columns: [
    { head: 'CLIENT', cell: ({ client }) => client },
    { head: 'NODE', cell: ({ clientNode }) => clientNode, wide: true },
    { head: 'SERVICE PORT', cell: ({ servicePort }) => servicePort },
    { head: 'BACKEND', cell: ({ backend }) => backend },
    { head: 'NEW/S', cell: ({ openedPerSecond, stale }) => (stale ? '?' : openedPerSecond.toFixed(1)), right: true },
    {
      head: 'REFUSED/S',
      cell: ({ refusedPerSecond, stale }) => (stale ? '?' : refusedPerSecond.toFixed(1)),
      right: true,
    },
    { head: 'BYTES/S', cell: ({ bytesPerSecond, stale }) => (stale ? '?' : bytes(bytesPerSecond)), right: true },
    { head: 'MOVING', cell: ({ moving }) => moving, right: true },
    { head: 'IDLE', cell: ({ idle }) => idle, right: true },
    { head: 'CLOSING', cell: ({ closing }) => closing, right: true, wide: true },
    { head: 'OPENED', cell: ({ opened }) => opened, right: true, wide: true },
  ],
});

export async function tellEdges(
  scope: Scope,
  format: Format,
  connection: Connection,
  terminal: Terminal,
): Promise<number> {
  const map = (await connection.dashboard()).map();
  await map.whole();
  const edges = chosenEdges(
    map.edges().map(([name, row]) => edgeOf(name, row)),
    scope,
  );
  const place =
    scope.namespace === undefined ? 'in the cluster' : `to Services of namespace ${scope.namespace} (-A shows all)`;
  tell(edges, edgeView(`No traffic ${place}.`), format, terminal);
  return EXIT.done;
}
