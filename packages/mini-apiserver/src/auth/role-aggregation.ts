import {
  isObject,
  type Json,
  type JsonObject,
  type KubeObject,
  listAt,
  objectAt,
  sameJson,
  stringAt,
} from '../object.ts';
import type { Change, Store } from '../store.ts';
import { RBAC } from './authorizer.ts';

const CLUSTER_ROLES = `${RBAC}/clusterroles`;

/** Gives each ClusterRole with an `aggregationRule` the rules of those that it selects, as the controller of Kubernetes does. */
export class RoleAggregation {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  /** A subscriber of the store. Its own writes come back to it, so roles may gather what others have gathered. */
  observe({ resource }: Change): void {
    if (resource !== CLUSTER_ROLES) return;
    const roles = [...this.#store.values(CLUSTER_ROLES)].sort((a, b) => (a.metadata.name < b.metadata.name ? -1 : 1));
    for (const role of roles) {
      const selectors = listAt(role, 'aggregationRule', 'clusterRoleSelectors').filter(isObject);
      if (selectors.length === 0) continue;
      const rules = gathered(role, roles, selectors);
      if (!sameJson(rules, listAt(role, 'rules'))) this.#store.put(CLUSTER_ROLES, { ...role, rules });
    }
  }
}

function gathered(into: KubeObject, roles: readonly KubeObject[], selectors: readonly JsonObject[]): Json[] {
  const rules: Json[] = [];
  for (const selector of selectors) {
    for (const role of roles) {
      if (role.metadata.name === into.metadata.name || !selects(selector, role.metadata.labels ?? {})) continue;
      for (const rule of listAt(role, 'rules')) if (!rules.some((known) => sameJson(known, rule))) rules.push(rule);
    }
  }
  return rules;
}

/** A meta/v1 LabelSelector. */
function selects(selector: JsonObject, labels: { readonly [key: string]: string }): boolean {
  const equal = Object.entries(objectAt(selector, 'matchLabels')).every(([key, value]) => labels[key] === value);
  return equal && listAt(selector, 'matchExpressions').every((expression) => meets(expression, labels));
}

function meets(expression: Json, labels: { readonly [key: string]: string }): boolean {
  const value = labels[stringAt(expression, 'key') ?? ''];
  const named = value !== undefined && listAt(expression, 'values').includes(value);
  switch (stringAt(expression, 'operator')) {
    case 'In':
      return named;
    case 'NotIn':
      return !named;
    case 'Exists':
      return value !== undefined;
    default:
      return value === undefined;
  }
}
