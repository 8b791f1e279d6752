import type { City } from './city.ts';
import type { Edge } from './edges.ts';
import { bytes, count } from './format.ts';
import { isDirect, open, podOfBackend, podUidOf } from './traffic.ts';

/** One line of the traffic table: an edge and the words it is found by. */
export interface EdgeRow {
  readonly id: string;
  readonly edge: Edge;
  readonly client: string;
  /** `namespace/name:port/PROTOCOL`, or what stands in its place. */
  readonly port: string;
  readonly backend: string;
  /** Ends of it that the cluster no longer knows. */
  readonly gone: 'client' | 'backend' | 'both' | undefined;
  readonly state: string;
  /** All of them in small letters. */
  readonly words: string;
}

export const DIRECT = 'direct';

/** `before` are the rows of the frame before: an edge that did not change keeps its row. */
export function edgeRows(city: City, before?: EdgeRows): EdgeRows {
  const same = before?.pod === city.pod && before.backend === city.backend;
  const known = same ? before.byId : undefined;
  const byId = new Map<string, EdgeRow>();
  for (const [id, edge] of city.edge) {
    const old = known?.get(id);
    if (old?.edge === edge) byId.set(id, old);
    // Figures change every second, names do not: they are the dear part of a row.
    else byId.set(id, old?.edge.stale === edge.stale ? { ...old, edge } : rowOf(city, id, edge));
  }
  return { pod: city.pod, backend: city.backend, byId, rows: [...byId.values()] };
}

export interface EdgeRows {
  readonly rows: readonly EdgeRow[];
  readonly byId: ReadonlyMap<string, EdgeRow>;
  /** The ground on which the names were found. */
  readonly pod: City['pod'];
  readonly backend: City['backend'];
}

function rowOf(city: City, id: string, edge: Edge): EdgeRow {
  const port = edge.servicePort === '' ? DIRECT : edge.servicePort;
  const client = clientName(city, edge);
  // Of direct connections nothing else tells the port.
  const direct = edge.backend.slice(edge.backend.lastIndexOf(':'));
  const name = backendName(city, edge);
  const backend = isDirect(edge) && !name.endsWith(direct) ? `${name}${direct}` : name;
  const gone = goneEnds(city, edge);
  const state = gone === undefined ? (edge.stale ? 'stale' : 'live') : gone === 'both' ? 'both gone' : `${gone} gone`;
  const words = `${client} ${edge.client.node ?? ''} ${port} ${backend} ${edge.backend} ${state}`.toLowerCase();
  return { id, edge, client, port, backend, gone, state, words };
}

/** The pod's name as it is now; of one that is gone, the name it had. */
export const clientName = (city: Pick<City, 'pod'>, edge: Edge): string =>
  (edge.client.kind === 'pod' ? city.pod.get(podUidOf(edge))?.name : undefined) ?? edge.client.label;

/** The pod that answered; of one that is gone, its address. */
export function backendName(city: Pick<City, 'pod' | 'backend'>, edge: Edge): string {
  const uid = podOfBackend(city, edge);
  const backend = city.backend.get(edge.backend);
  const name = city.pod.get(uid ?? '')?.name ?? (backend?.podUid === uid ? backend?.podName : undefined);
  return name ?? backendAddress(edge);
}

/** `address:port` after translation. */
export const backendAddress = ({ backend }: Pick<Edge, 'backend'>): string =>
  backend.slice(backend.lastIndexOf('|') + 1);

function goneEnds(city: City, edge: Edge): EdgeRow['gone'] {
  const client = edge.client.kind === 'pod' && !city.pod.has(podUidOf(edge));
  const backend = edge.podUid !== undefined && !city.pod.has(edge.podUid);
  return client && backend ? 'both' : client ? 'client' : backend ? 'backend' : undefined;
}

/** A figure of the table; of sums as well as of edges. */
export type Figures = Pick<
  Edge,
  | 'openedPerSecond'
  | 'refusedPerSecond'
  | 'bytesToBackendPerSecond'
  | 'bytesToClientPerSecond'
  | 'moving'
  | 'idle'
  | 'closing'
  | 'waiting'
  | 'opened'
  | 'refused'
  | 'unanswered'
>;

export interface FigureColumn {
  readonly id: string;
  readonly header: string;
  /** Pixels that its figures need. */
  readonly width: number;
  /** Said at length, on the head. */
  readonly title: string;
  readonly value: (figures: Figures) => number;
  readonly text: (value: number) => string;
  /** Worth a colour when it is not zero. */
  readonly wrong?: boolean;
}

const RATE = 'per second';
const TOTAL = 'since the agents’ start';
const ONE_DECIMAL = new Intl.NumberFormat('en-GB', { minimumFractionDigits: 1, maximumFractionDigits: 1 });

/** Always one decimal, so that figures stand below each other: `0.0`, `12.3`, `1,284.0`. */
export const tabularRate = (perSecond: number): string =>
  perSecond > 0 && perSecond < 0.05 ? '<0.1' : ONE_DECIMAL.format(perSecond);

const bytesRate = (perSecond: number): string => {
  const [short, unit] = bytes(perSecond);
  const figure = unit === 'B' || short.includes('.') || short.length > 2 ? short : `${short}.0`;
  // A figure space for the unit's missing letter: `kB` and `B` end at the same place.
  return `${figure} ${unit.padStart(2, ' ')}`;
};

export const FIGURE_COLUMNS: readonly FigureColumn[] = [
  {
    id: 'opened-rate',
    width: 62,
    header: 'New/s',
    title: `New connections ${RATE}`,
    value: (f) => f.openedPerSecond,
    text: tabularRate,
  },
  {
    id: 'refused-rate',
    width: 78,
    header: 'Refused/s',
    title: `Refused connections ${RATE}`,
    value: (f) => f.refusedPerSecond,
    text: tabularRate,
    wrong: true,
  },
  {
    id: 'to-backend',
    width: 92,
    header: 'To backend/s',
    title: `Bytes to the backend ${RATE}`,
    value: (f) => f.bytesToBackendPerSecond,
    text: bytesRate,
  },
  {
    id: 'to-client',
    width: 82,
    header: 'To client/s',
    title: `Bytes to the client ${RATE}`,
    value: (f) => f.bytesToClientPerSecond,
    text: bytesRate,
  },
  { id: 'open', width: 58, header: 'Open', title: 'Open connections: moving and idle', value: open, text: count },
  { id: 'moving', width: 62, header: 'Moving', title: 'Open, bytes moved lately', value: (f) => f.moving, text: count },
  { id: 'idle', width: 54, header: 'Idle', title: 'Open and quiet', value: (f) => f.idle, text: count },
  {
    id: 'closing',
    width: 62,
    header: 'Closing',
    title: 'Between the first FIN and the last ACK',
    value: (f) => f.closing,
    text: count,
  },
  {
    id: 'waiting',
    width: 62,
    header: 'Waiting',
    title: 'The first packet has no answer yet',
    value: (f) => f.waiting,
    text: count,
  },
  { id: 'opened', width: 82, header: 'Σ Opened', title: `Opened ${TOTAL}`, value: (f) => f.opened, text: count },
  {
    id: 'refused',
    width: 74,
    header: 'Σ Refused',
    title: `Refused ${TOTAL}`,
    value: (f) => f.refused,
    text: count,
    wrong: true,
  },
  {
    id: 'unanswered',
    width: 78,
    header: 'Σ Unansw.',
    title: `Never answered ${TOTAL}`,
    value: (f) => f.unanswered,
    text: count,
    wrong: true,
  },
];
