import { isObject, type Json, listAt } from '../object.ts';
import { quoted } from '../quoted.ts';
import { type Attributes, isPath, resourceName } from './attributes.ts';

/** rbac.authorization.k8s.io/v1 PolicyRule, with every list present. */
export interface PolicyRule {
  readonly verbs: readonly string[];
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  /** None = all. */
  readonly resourceNames: readonly string[];
  readonly nonResourceURLs: readonly string[];
}

/** The rules of a Role or ClusterRole object. */
export function rulesOf(role: Json): PolicyRule[] {
  return listAt(role, 'rules')
    .filter(isObject)
    .map((rule) => ({
      verbs: listAt(rule, 'verbs').map(String),
      apiGroups: listAt(rule, 'apiGroups').map(String),
      resources: listAt(rule, 'resources').map(String),
      resourceNames: listAt(rule, 'resourceNames').map(String),
      nonResourceURLs: listAt(rule, 'nonResourceURLs').map(String),
    }));
}

export function ruleAllows(rule: PolicyRule, attributes: Attributes): boolean {
  if (!covers(rule.verbs, attributes.verb)) return false;
  if (isPath(attributes)) return rule.nonResourceURLs.some((url) => urlCovers(url, attributes.path));
  return (
    covers(rule.apiGroups, attributes.group) &&
    resourceCovered(rule.resources, resourceName(attributes)) &&
    (rule.resourceNames.length === 0 || rule.resourceNames.includes(attributes.name ?? ''))
  );
}

const covers = (list: readonly string[], wanted: string): boolean => list.includes('*') || list.includes(wanted);

/** A star is every resource with its subresources; a star, a slash and a subresource are that one of each resource. */
function resourceCovered(resources: readonly string[], wanted: string): boolean {
  if (covers(resources, wanted)) return true;
  const slash = wanted.indexOf('/');
  return slash >= 0 && resources.includes(`*${wanted.slice(slash)}`);
}

const urlCovers = (url: string, path: string): boolean =>
  url === path || (url.endsWith('*') && path.startsWith(url.replace(/\*+$/, '')));

/** What `wanted` allows and `held` does not, in rules of one resource each with its verbs. */
export function missingRules(held: readonly PolicyRule[], wanted: readonly PolicyRule[]): PolicyRule[] {
  const missing = wanted.flatMap(atoms).filter((atom) => !held.some((rule) => atomCovered(rule, atom)));
  const joined = new Map<string, PolicyRule>();
  for (const atom of missing) {
    const { verbs, ...rest } = atom;
    const key = JSON.stringify(rest);
    const verbsSoFar = joined.get(key)?.verbs ?? [];
    joined.set(key, { ...rest, verbs: [...verbsSoFar, ...verbs] });
  }
  return [...joined.values()];
}

/** A rule as rules of one verb and one group, resource and name, or one URL. */
function atoms(rule: PolicyRule): PolicyRule[] {
  const none = { apiGroups: [], resources: [], resourceNames: [], nonResourceURLs: [] };
  const names = rule.resourceNames.length === 0 ? [[]] : rule.resourceNames.map((name) => [name]);
  return rule.verbs.flatMap((verb) => [
    ...rule.apiGroups.flatMap((group) =>
      rule.resources.flatMap((resource) =>
        names.map((resourceNames) => ({
          ...none,
          verbs: [verb],
          apiGroups: [group],
          resources: [resource],
          resourceNames,
        })),
      ),
    ),
    ...rule.nonResourceURLs.map((url) => ({ ...none, verbs: [verb], nonResourceURLs: [url] })),
  ]);
}

function atomCovered(rule: PolicyRule, atom: PolicyRule): boolean {
  return (
    atom.verbs.every((verb) => covers(rule.verbs, verb)) &&
    atom.apiGroups.every((group) => covers(rule.apiGroups, group)) &&
    atom.resources.every((resource) => resourceCovered(rule.resources, resource)) &&
    atom.nonResourceURLs.every((url) => rule.nonResourceURLs.some((held) => urlCovers(held, url))) &&
    (rule.resourceNames.length === 0 ||
      (atom.resourceNames.length > 0 && atom.resourceNames.every((name) => rule.resourceNames.includes(name))))
  );
}

/** `{APIGroups:[""], Resources:["pods"], Verbs:["get" "list"]}`: how kube-apiserver writes a rule in a refusal. */
export function compactRule(rule: PolicyRule): string {
  const parts: [string, readonly string[]][] = [
    ['APIGroups', rule.apiGroups],
    ['Resources', rule.resources],
    ['NonResourceURLs', rule.nonResourceURLs],
    ['ResourceNames', rule.resourceNames],
    ['Verbs', rule.verbs],
  ];
  const told = parts.filter(([, list]) => list.length > 0).map(([name, list]) => `${name}:${quoted(list)}`);
  return `{${told.join(', ')}}`;
}
