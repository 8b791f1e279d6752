import type { JsonObject } from '../object.ts';
import { apiVersionOf, type ResourceType } from '../resource-type.ts';
import { REVIEWS } from './reviews.ts';

/** The Kubernetes release whose behaviour the built-in kinds follow. */
const RELEASE = { major: '1', minor: '32', gitVersion: 'v1.32.0+kubecity' } as const;

export const versionInfo = (): JsonObject => ({
  ...RELEASE,
  gitCommit: '',
  gitTreeState: 'clean',
  buildDate: '1970-01-01T00:00:00Z',
  goVersion: '',
  compiler: `node ${process.version}`,
  platform: `${process.platform}/${process.arch}`,
});

const VERBS = ['create', 'delete', 'deletecollection', 'get', 'list', 'patch', 'update', 'watch'];
const CHANGES = ['get', 'patch', 'update'];

interface Group {
  readonly name: string;
  /** Preferred first. */
  readonly versions: Map<string, Entry[]>;
}

/** One line of an APIResourceList. */
interface Entry {
  readonly name: string;
  readonly singularName: string;
  readonly namespaced: boolean;
  readonly kind: string;
  readonly verbs: string[];
  readonly group?: string;
  readonly version?: string;
  readonly shortNames?: string[];
  readonly categories?: string[];
}

function groupsOf(types: readonly ResourceType[]): Map<string, Group> {
  const groups = new Map<string, Group>();
  const entries = (name: string, version: string): Entry[] => {
    const group = groups.get(name) ?? { name, versions: new Map<string, Entry[]>() };
    groups.set(name, group);
    const found = group.versions.get(version) ?? [];
    group.versions.set(version, found);
    return found;
  };
  for (const type of types) entries(type.group, type.version).push(...entriesOf(type));
  for (const { group, plural, kind } of REVIEWS) {
    entries(group, 'v1').push({
      name: plural,
      singularName: kind.toLowerCase(),
      namespaced: false,
      kind,
      verbs: ['create'],
    });
  }
  return groups;
}

function entriesOf(type: ResourceType): Entry[] {
  const { plural, singular, namespaced, kind, shortNames, categories } = type;
  const sub = (name: string, more: Partial<Entry>): Entry => ({
    name: `${plural}/${name}`,
    singularName: '',
    namespaced,
    kind,
    verbs: CHANGES,
    ...more,
  });
  return [
    {
      name: plural,
      singularName: singular,
      namespaced,
      kind,
      verbs: VERBS,
      ...(shortNames.length > 0 ? { shortNames: [...shortNames] } : {}),
      ...(categories.length > 0 ? { categories: [...categories] } : {}),
    },
    ...(type.status ? [sub('status', {})] : []),
    ...(type.scale ? [sub('scale', { group: 'autoscaling', version: 'v1', kind: 'Scale' })] : []),
    ...(type.key === '/pods' ? [sub('binding', { kind: 'Binding', verbs: ['create'] })] : []),
    ...(type.key === '/serviceaccounts'
      ? [sub('token', { group: 'authentication.k8s.io', version: 'v1', kind: 'TokenRequest', verbs: ['create'] })]
      : []),
  ];
}

/** The answer to a discovery path, or undefined when the path is none. `aggregated` is kubectl's one-request form. */
export function discovery(
  path: readonly string[],
  types: readonly ResourceType[],
  aggregated: boolean,
): JsonObject | undefined {
  const groups = groupsOf(types);
  const [root, name, version, ...rest] = path;
  if (rest.length > 0) return undefined;
  const core = groups.get('');
  if (root === 'api') {
    if (name === undefined && aggregated) return aggregatedList(core ? [core] : []);
    if (name === undefined) return { kind: 'APIVersions', versions: ['v1'], serverAddressByClientCIDRs: [] };
    return version === undefined && name === 'v1' ? resourceList('', 'v1', core?.versions.get('v1') ?? []) : undefined;
  }
  if (root !== 'apis') return undefined;
  const others = [...groups.values()].filter((group) => group.name !== '');
  if (name === undefined) {
    return aggregated
      ? aggregatedList(others)
      : { kind: 'APIGroupList', apiVersion: 'v1', groups: others.map(apiGroup) };
  }
  const group = groups.get(name);
  if (group === undefined || name === '') return undefined;
  if (version === undefined) return { kind: 'APIGroup', apiVersion: 'v1', ...apiGroup(group) };
  const entries = group.versions.get(version);
  return entries && resourceList(name, version, entries);
}

function apiGroup({ name, versions }: Group): JsonObject {
  const told = [...versions.keys()].map((version) => ({ groupVersion: `${name}/${version}`, version }));
  return { name, versions: told, preferredVersion: told[0] ?? null };
}

function resourceList(group: string, version: string, entries: Entry[]): JsonObject {
  return {
    kind: 'APIResourceList',
    apiVersion: 'v1',
    groupVersion: apiVersionOf({ group, version }),
    resources: entries.map((entry) => ({ ...entry })),
  };
}

/** apidiscovery.k8s.io/v2 */
function aggregatedList(groups: readonly Group[]): JsonObject {
  return {
    kind: 'APIGroupDiscoveryList',
    apiVersion: 'apidiscovery.k8s.io/v2',
    metadata: {},
    items: groups.map(({ name, versions }) => ({
      metadata: { name: name === '' ? undefined : name },
      versions: [...versions].map(([version, entries]) => ({
        version,
        freshness: 'Current',
        resources: aggregatedResources(name, version, entries),
      })),
    })),
  };
}

function aggregatedResources(group: string, version: string, entries: readonly Entry[]): JsonObject[] {
  const kindOf = (entry: Entry) => ({
    group: entry.group ?? group,
    version: entry.version ?? version,
    kind: entry.kind,
  });
  return entries
    .filter(({ name }) => !name.includes('/'))
    .map((entry) => ({
      resource: entry.name,
      responseKind: kindOf(entry),
      scope: entry.namespaced ? 'Namespaced' : 'Cluster',
      singularResource: entry.singularName,
      verbs: entry.verbs,
      shortNames: entry.shortNames,
      categories: entry.categories,
      subresources: entries
        .filter(({ name }) => name.startsWith(`${entry.name}/`))
        .map((sub) => ({
          subresource: sub.name.slice(entry.name.length + 1),
          responseKind: kindOf(sub),
          verbs: sub.verbs,
        })),
    }));
}
