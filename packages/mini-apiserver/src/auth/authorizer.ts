import { isObject, type Json, type KubeObject, listAt, objectAt, stringAt } from '../object.ts';
import type { Store } from '../store.ts';
import { type Attributes, isPath, refusal } from './attributes.ts';
import { accountUser, type Identity, MASTERS } from './identity.ts';
import { type PolicyRule, ruleAllows, rulesOf } from './policy-rule.ts';

export const RBAC = 'rbac.authorization.k8s.io';

export interface Decision {
  readonly allowed: boolean;
  /** Which binding allowed it, or why roles could not be read; may be empty. */
  readonly reason: string;
}

/** A rule that somebody holds, and where from. */
interface Grant {
  readonly rule: PolicyRule;
  readonly source: string;
}

interface Grants {
  readonly grants: Grant[];
  /** Bindings to roles that are not there. */
  readonly errors: string[];
}

/** Decides by the roles and bindings that are stored at the moment. */
export class Authorizer {
  readonly #store: Store;

  constructor(store: Store) {
    this.#store = store;
  }

  decide(identity: Identity, attributes: Attributes): Decision {
    if (identity.groups.includes(MASTERS)) return { allowed: true, reason: '' };
    const namespace = isPath(attributes) ? undefined : attributes.namespace;
    const { grants, errors } = this.#grants(identity, namespace);
    const grant = grants.find(({ rule }) => ruleAllows(rule, attributes));
    if (grant !== undefined) return { allowed: true, reason: `RBAC: allowed by ${grant.source}` };
    return { allowed: false, reason: rbacErrors(errors) };
  }

  /** @throws ApiError Forbidden in the words of kube-apiserver */
  require(identity: Identity, attributes: Attributes): void {
    const { allowed, reason } = this.decide(identity, attributes);
    if (!allowed) throw refusal(identity, attributes, reason);
  }

  /** Every rule that holds for somebody in a namespace; in none, those of the whole cluster. */
  rulesFor(identity: Identity, namespace: string | undefined): { rules: PolicyRule[]; errors: string } {
    const { grants, errors } = this.#grants(identity, namespace);
    return { rules: grants.map(({ rule }) => rule), errors: rbacErrors(errors) };
  }

  /** The role that a binding names, undefined when it is not there. */
  role(ref: Json | undefined, namespace: string | undefined): KubeObject | undefined {
    const name = stringAt(ref, 'name') ?? '';
    if (stringAt(ref, 'kind') === 'ClusterRole') return this.#store.get(`${RBAC}/clusterroles`, undefined, name);
    return namespace === undefined ? undefined : this.#store.get(`${RBAC}/roles`, namespace, name);
  }

  #grants(identity: Identity, namespace: string | undefined): Grants {
    const found: Grants = { grants: [], errors: [] };
    for (const binding of this.#store.values(`${RBAC}/clusterrolebindings`)) this.#collect(identity, binding, found);
    if (namespace === undefined) return found;
    for (const binding of this.#store.values(`${RBAC}/rolebindings`, namespace))
      this.#collect(identity, binding, found);
    return found;
  }

  #collect(identity: Identity, binding: KubeObject, { grants, errors }: Grants): void {
    const { namespace } = binding.metadata;
    const subject = listAt(binding, 'subjects').find((one) => isSubject(one, identity, namespace));
    if (subject === undefined) return;
    const ref = objectAt(binding, 'roleRef');
    const role = this.role(ref, namespace);
    if (role === undefined) {
      errors.push(`${String(ref.kind).toLowerCase()}.${RBAC} "${String(ref.name)}" not found`);
      return;
    }
    const source = describe(binding, subject);
    for (const rule of rulesOf(role)) grants.push({ rule, source });
  }
}

function isSubject(subject: Json, { name, groups }: Identity, bindingNamespace: string | undefined): boolean {
  const subjectName = stringAt(subject, 'name') ?? '';
  switch (stringAt(subject, 'kind')) {
    case 'User':
      return subjectName === name;
    case 'Group':
      return groups.includes(subjectName);
    case 'ServiceAccount': {
      const namespace = stringAt(subject, 'namespace') || bindingNamespace;
      return namespace !== undefined && accountUser(namespace, subjectName) === name;
    }
    default:
      return false;
  }
}

function describe({ kind, metadata, roleRef }: KubeObject, subject: Json): string {
  const { name, namespace } = metadata;
  const ref = isObject(roleRef) ? roleRef : {};
  const subjectNamespace = stringAt(subject, 'namespace') || namespace;
  const account = stringAt(subject, 'kind') === 'ServiceAccount' ? `/${subjectNamespace}` : '';
  const binding = `${kind} "${name}${namespace === undefined ? '' : `/${namespace}`}"`;
  return `${binding} of ${String(ref.kind)} "${String(ref.name)}" to ${stringAt(subject, 'kind')} "${stringAt(subject, 'name')}${account}"`;
}

function rbacErrors(errors: readonly string[]): string {
  if (errors.length === 0) return '';
  return `RBAC: ${errors.length === 1 ? errors[0] : `[${errors.join(', ')}]`}`;
}
