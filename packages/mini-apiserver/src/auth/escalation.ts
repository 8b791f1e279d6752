import { type KubeObject, listAt, objectAt } from '../object.ts';
import type { Location } from '../object-api.ts';
import { quoted } from '../quoted.ts';
import { type ResourceType, subjectOf } from '../resource-type.ts';
import { forbidden, notFound } from '../status.ts';
import { type Authorizer, RBAC } from './authorizer.ts';
import { type Identity, MASTERS } from './identity.ts';
import { compactRule, missingRules, type PolicyRule, rulesOf } from './policy-rule.ts';

const EVERYTHING: readonly PolicyRule[] = [
  { verbs: ['*'], apiGroups: ['*'], resources: ['*'], resourceNames: [], nonResourceURLs: [] },
  { verbs: ['*'], apiGroups: [], resources: [], resourceNames: [], nonResourceURLs: ['*'] },
];

/** Keeps people from giving, with roles and bindings, rights that they do not have. */
export class Escalation {
  readonly #authorizer: Authorizer;

  constructor(authorizer: Authorizer) {
    this.#authorizer = authorizer;
  }

  /**
   * For a role or binding that is about to be written; every other kind passes.
   * @throws ApiError Forbidden, NotFound (a binding to a role that is not there)
   */
  check(type: ResourceType, identity: Identity, object: KubeObject, old: KubeObject | undefined): void {
    if (type.group !== RBAC || identity.groups.includes(MASTERS)) return;
    const { name, namespace } = object.metadata;
    if (type.kind === 'Role' || type.kind === 'ClusterRole') {
      const named = old === undefined ? undefined : name;
      const escalating = { verb: 'escalate', group: RBAC, resource: type.plural, namespace, name: named };
      if (!this.#authorizer.decide(identity, escalating).allowed) this.#checkRole(type, identity, object, old);
    } else this.#checkBinding({ type, namespace, name }, identity, object);
  }

  #checkRole(type: ResourceType, identity: Identity, role: KubeObject, old: KubeObject | undefined): void {
    const { name, namespace } = role.metadata;
    this.#confirm({ type, namespace, name }, identity, rulesOf(role));
    const aggregates = [role, old].some((one) => listAt(one, 'aggregationRule', 'clusterRoleSelectors').length > 0);
    if (aggregates && this.#missing(identity, undefined, EVERYTHING).length > 0) {
      throw forbidden(subjectOf(type, name), 'must have cluster-admin privileges to use the aggregationRule');
    }
  }

  #checkBinding(location: Location, identity: Identity, binding: KubeObject): void {
    const ref = objectAt(binding, 'roleRef');
    const { namespace } = location;
    const role = { group: RBAC, resource: `${String(ref.kind).toLowerCase()}s`, namespace, name: String(ref.name) };
    if (this.#authorizer.decide(identity, { verb: 'bind', ...role }).allowed) return;
    const found = this.#authorizer.role(ref, namespace);
    if (found === undefined) throw notFound({ group: RBAC, kind: role.resource, name: role.name });
    this.#confirm(location, identity, rulesOf(found));
  }

  #confirm({ type, namespace, name }: Location, identity: Identity, rules: readonly PolicyRule[]): void {
    const missing = this.#missing(identity, namespace, rules).map(compactRule).sort();
    if (missing.length === 0) return;
    const who = `user ${JSON.stringify(identity.name)} (groups=${quoted(identity.groups)})`;
    const why = `${who} is attempting to grant RBAC permissions not currently held:\n${missing.join('\n')}`;
    throw forbidden(subjectOf(type, name), why);
  }

  #missing(identity: Identity, namespace: string | undefined, rules: readonly PolicyRule[]): PolicyRule[] {
    return missingRules(this.#authorizer.rulesFor(identity, namespace).rules, rules);
  }
}
