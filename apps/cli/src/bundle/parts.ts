import { resources } from '@kubecity/kube';
import type { CityRecord, RecordKind } from '@kubecity/protocol';
import type { KubeRoutingOverride } from '@kubecity/routing';
import packageJson from '../../package.json' with { type: 'json' };
import type { Connection } from '../connection.ts';
import { examine } from '../doctor/examine.ts';
import type { MapLink } from '../map-link.ts';
import { readTrail } from '../trail.ts';

/** One file of the bundle. */
export interface Part {
  readonly name: string;
  /** What it tells, for the README inside. */
  readonly about: string;
  /** JSON or text. Rejects where it cannot be had: the others go on. */
  readonly read: () => Promise<unknown>;
}

export interface PartOptions {
  readonly connection: Connection;
  /** The live map; undefined where no dashboard is known. */
  readonly map: MapLink | undefined;
  /** `namespace/name` of Services whose rules are wanted besides those that an override names. */
  readonly services: readonly string[];
}

/** Changes that are told, the newest. */
const TAIL = 500;
/** Services whose rules are asked of every node. */
const MOST_SERVICES = 50;
const KINDS: readonly RecordKind[] = ['namespace', 'node', 'pod', 'service', 'backend', 'override', 'event'];

export function parts({ connection, map, services }: PartOptions): Part[] {
  const ofMap: Part[] = map === undefined ? [] : mapParts(connection, map, services);
  return [
    {
      name: 'doctor.json',
      about: 'what is amiss, as kubecity doctor tells it',
      read: () => examine(connection, undefined),
    },
    {
      name: 'versions.json',
      about: 'of this program, of Node.js and of the API server',
      read: async () => ({
        kubecity: packageJson.version,
        node: process.version,
        platform: `${process.platform} ${process.arch}`,
        ...(connection.hasCluster && { kubernetes: (await connection.client.server()).version }),
      }),
    },
    ...(connection.hasCluster
      ? [{ name: 'overrides.json', about: 'every override with its status', read: () => overrides(connection) }]
      : []),
    ...ofMap,
  ];
}

function mapParts(connection: Connection, map: MapLink, services: readonly string[]): Part[] {
  const wanted = [...new Set([...services, ...steered(map)])].slice(0, MOST_SERVICES);
  return [
    {
      name: 'map/nodes.json',
      about: 'each node and what its agent reports: rules, connections, losses',
      read: async () => [...map.all('node').values()],
    },
    {
      name: 'map/overrides.json',
      about: 'overrides as the dashboard sees them, with who acknowledged',
      read: async () => [...map.all('override').values()],
    },
    {
      name: 'map/size.json',
      about: 'how much of each kind the map holds',
      read: async () =>
        Object.fromEntries([...KINDS.map((kind) => [kind, map.all(kind).size]), ['edge', map.edges().length]]),
    },
    ...wanted.map((service) => ({
      name: `rules/${service}.json`,
      about: `the rules of ${service} in every kernel, with their counters`,
      read: async () => (await map.ask({ kind: 'rules', service })).nodes,
    })),
    {
      name: 'metrics/dashboard.txt',
      about: 'figures of the dashboard, as Prometheus reads them',
      read: async () => (await connection.dashboard()).metrics(),
    },
    {
      name: 'audit.json',
      about: `the newest ${TAIL} changes: who, what, when, and what came of it`,
      read: async () => (await readTrail(await connection.dashboard())).entries.slice(0, TAIL),
    },
  ];
}

/** Services that an override names, by the map. */
function steered(map: MapLink): string[] {
  const overrides: Iterable<CityRecord<'override'>> = map.all('override').values();
  return [...overrides].flatMap(({ service }) => service ?? []).sort();
}

async function overrides({ client }: Connection): Promise<unknown[]> {
  const kinds = [resources.routingOverrides, resources.clusterRoutingOverrides];
  const lists = await Promise.all(kinds.map((kind) => client.list<KubeRoutingOverride>(kind)));
  return lists.flatMap(({ items }) => items.map(plain));
}

/** Without what the API and kubectl keep for themselves: it says the same again. */
function plain(override: KubeRoutingOverride): unknown {
  const { managedFields: _, ...metadata } = { managedFields: [], ...override.metadata };
  const { 'kubectl.kubernetes.io/last-applied-configuration': __, ...annotations } = metadata.annotations ?? {};
  return { ...override, metadata: { ...metadata, annotations } };
}
