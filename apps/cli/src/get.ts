import { isKubeError, type KubeClient, type Resource, resources } from '@kubecity/kube';
import {
  buildRoutingTable,
  type KubeNode,
  type KubePod,
  type KubeRoutingOverride,
  type KubeService,
} from '@kubecity/routing';
import { readCity } from './cluster-city.ts';
import type { Connection } from './connection.ts';
import { tellEdges } from './edges.ts';
import { EXIT, Failure } from './failure.ts';
import { backendRows, backendView, chosenBackends } from './get/backends.ts';
import { nodeRows, nodeView } from './get/nodes.ts';
import { overrideRows, overrideView } from './get/overrides.ts';
import { serviceRows, serviceView } from './get/services.ts';
import { type Format, tell, type View } from './output.ts';
import type { Terminal } from './terminal.ts';

export const KINDS = ['services', 'backends', 'edges', 'nodes', 'overrides'] as const;
type Kind = (typeof KINDS)[number];

const ALIASES: Readonly<Record<string, Kind>> = {
  service: 'services',
  svc: 'services',
  backend: 'backends',
  edge: 'edges',
  node: 'nodes',
  no: 'nodes',
  override: 'overrides',
  routingoverrides: 'overrides',
  ro: 'overrides',
  cro: 'overrides',
};

export interface GetFlags {
  readonly allNamespaces?: boolean;
  readonly selector?: string;
  readonly output: Format;
}

/** Whose objects, and which of them. */
interface Scope {
  /** Undefined: of all. */
  readonly namespace: string | undefined;
  readonly names: readonly string[];
  readonly selector: string | undefined;
}

/** @returns the exit code: a name that is not there is a failure */
export async function get(
  word: string,
  names: readonly string[],
  flags: GetFlags,
  connection: Connection,
  terminal: Terminal,
): Promise<number> {
  const kind = kindOf(word);
  const scope = {
    namespace: flags.allNamespaces ? undefined : connection.namespace,
    names,
    selector: flags.selector,
  };
  if (kind === 'edges' && flags.selector !== undefined) {
    throw new Failure('usage', 'Edges have no labels: --selector goes with the other kinds. Name Services instead.');
  }
  if (kind === 'edges') return tellEdges(scope, flags.output, connection, terminal);
  const { client } = connection;
  switch (kind) {
    case 'services':
      return told(await services(client, scope, terminal), names, (row) => [row.name], flags, terminal);
    case 'backends':
      return told(await backends(client, scope, terminal), names, backendNames, flags, terminal);
    case 'nodes':
      return told(await nodes(client, scope, terminal), names, (row) => [row.name], flags, terminal);
    case 'overrides':
      return told(await overrides(client, scope, terminal), names, (row) => [row.name], flags, terminal);
  }
}

interface Found<T> {
  readonly rows: readonly T[];
  readonly view: View<T>;
}

function told<T>(
  { rows, view }: Found<T>,
  names: readonly string[],
  namesOf: (row: T) => readonly (string | undefined)[],
  { output }: GetFlags,
  terminal: Terminal,
): number {
  const there = new Set(rows.flatMap(namesOf));
  const missing = names.filter((name) => !there.has(name));
  if (rows.length > 0 || missing.length === 0) tell(rows, view, output, terminal);
  for (const name of missing) terminal.say(terminal.paint('red', `There is no ${name} there.`, 'words'));
  return missing.length > 0 ? EXIT.failure : EXIT.done;
}

async function services(
  client: KubeClient,
  scope: Scope,
  { now }: Terminal,
): Promise<Found<ReturnType<typeof serviceRows>[number]>> {
  const city = await readCity(client, scope.namespace, { now: now() });
  const wished = await selected<KubeService>(client, resources.services, scope);
  const rows = serviceRows(wished ?? city.services, buildRoutingTable(city)).filter(named(scope.names));
  return { rows, view: serviceView(`No Services ${where(scope)}.`) };
}

const backendNames = ({ service, pod }: ReturnType<typeof backendRows>[number]) => [service, pod];

async function backends(
  client: KubeClient,
  scope: Scope,
  { now }: Terminal,
): Promise<Found<ReturnType<typeof backendRows>[number]>> {
  const city = await readCity(client, scope.namespace, { now: now() });
  const pods = await selected<KubePod>(client, resources.pods, scope);
  const rows = chosenBackends(backendRows(buildRoutingTable(city)), scope.names, pods);
  return { rows, view: backendView(`No backends ${where(scope)}.`) };
}

async function nodes(
  client: KubeClient,
  scope: Scope,
  { now }: Terminal,
): Promise<Found<ReturnType<typeof nodeRows>[number]>> {
  const list = client.list<KubeNode>(resources.nodes, { labelSelector: scope.selector });
  const [{ items }, city] = await Promise.all([list, readCity(client, undefined, { now: now() })]);
  const rows = nodeRows(items, backendRows(buildRoutingTable(city))).filter(named(scope.names));
  return { rows, view: nodeView('The cluster has no nodes.') };
}

/** Of a namespace those of the whole cluster are told too: they act there. */
async function overrides(
  client: KubeClient,
  scope: Scope,
  { now }: Terminal,
): Promise<Found<ReturnType<typeof overrideRows>[number]>> {
  const city = await readCity(client, scope.namespace, { now: now() });
  const own = await selected<KubeRoutingOverride>(client, resources.routingOverrides, scope);
  const ofCluster = await selected<KubeRoutingOverride>(client, resources.clusterRoutingOverrides, scope).catch(
    (error: unknown) => {
      if (isKubeError(error, 'not-found') || isKubeError(error, 'forbidden')) return [];
      throw error;
    },
  );
  const wished = own && ofCluster ? [...own, ...ofCluster] : city.overrides;
  const rows = overrideRows(wished, buildRoutingTable(city)).filter(named(scope.names));
  return { rows, view: overrideView(`No overrides ${where(scope)}.`, city.now) };
}

/** Objects that carry the labels; undefined where no labels are asked for. */
async function selected<T>(
  client: KubeClient,
  resource: Resource,
  { namespace, selector }: Scope,
): Promise<T[] | undefined> {
  if (selector === undefined) return undefined;
  const of = resource.namespaced ? namespace : undefined;
  return (await client.list<T>(resource, { namespace: of, labelSelector: selector })).items;
}

const named = (names: readonly string[]) => (row: { readonly name: string }) =>
  names.length === 0 || names.includes(row.name);

const where = ({ namespace }: Scope) =>
  namespace === undefined ? 'in the cluster' : `in namespace ${namespace} (-A shows all, -n NAME another)`;

function kindOf(word: string): Kind {
  const kind = KINDS.find((kind) => kind === word) ?? ALIASES[word];
  if (!kind)
    throw new Failure(
      'usage',
      `There is nothing like ${JSON.stringify(word)} to get. Give one of ${KINDS.join(', ')}.`,
    );
  return kind;
}
