import type { Authorizer as Rbac } from '../auth/authorizer.ts';
import { type Identity, userInfo } from '../auth/identity.ts';
import { isObject, type Json, type KubeObject, listAt, objectAt, stringAt } from '../object.ts';
import { type ResourceType, subjectOf } from '../resource-type.ts';
import { ApiError, forbidden } from '../status.ts';
import type { Store } from '../store.ts';
import { Authorizer, celValue } from './admission-environment.ts';
import { AdmissionPolicy } from './admission-policy.ts';

const GROUP = 'admissionregistration.k8s.io';

/** A write on its way into the store. */
export interface Admitted {
  readonly type: ResourceType;
  readonly identity: Identity;
  readonly object: KubeObject;
  readonly old: KubeObject | undefined;
  readonly subresource: string | undefined;
  readonly dryRun: boolean;
}

/** Asks the ValidatingAdmissionPolicies that are stored at the moment, by their bindings. */
export class Admission {
  readonly #store: Store;
  readonly #rbac: Rbac;
  /** By the stored object, which is replaced when the policy changes. */
  readonly #compiled = new WeakMap<KubeObject, AdmissionPolicy>();

  constructor(store: Store, rbac: Rbac) {
    this.#store = store;
    this.#rbac = rbac;
  }

  /** @throws ApiError with the reason that the policy names */
  check(write: Admitted): void {
    if (write.type.group === GROUP) return;
    for (const binding of this.#store.values(`${GROUP}/validatingadmissionpolicybindings`)) {
      const name = stringAt(binding, 'spec', 'policyName') ?? '';
      const policy = this.#store.get(`${GROUP}/validatingadmissionpolicies`, undefined, name);
      if (policy === undefined || !isAsked(policy, write)) continue;
      if (!this.#isHere(objectAt(policy, 'spec', 'matchConstraints'), write)) continue;
      if (!this.#isHere(objectAt(binding, 'spec', 'matchResources'), write)) continue;
      const denial = this.#policy(policy).check(this.#context(write));
      if (denial === undefined) continue;
      const who = `ValidatingAdmissionPolicy '${name}' with binding '${binding.metadata.name}'`;
      const refusal = forbidden(
        subjectOf(write.type, write.object.metadata.name),
        `${who} denied request: ${denial.message}`,
      );
      throw new ApiError(denial.reason, refusal.message, refusal.details);
    }
  }

  #policy(policy: KubeObject): AdmissionPolicy {
    const known = this.#compiled.get(policy) ?? new AdmissionPolicy(policy);
    this.#compiled.set(policy, known);
    return known;
  }

  /** What lies in no namespace matches every selector of namespaces. */
  #isHere(match: Json, { type, object }: Admitted): boolean {
    const wanted = Object.entries(objectAt(match, 'namespaceSelector', 'matchLabels'));
    if (!type.namespaced || wanted.length === 0) return true;
    const labels = objectAt(this.#namespace(object), 'metadata', 'labels');
    return wanted.every(([key, value]) => labels[key] === value);
  }

  #namespace({ metadata }: KubeObject): KubeObject | undefined {
    return metadata.namespace === undefined ? undefined : this.#store.get('/namespaces', undefined, metadata.namespace);
  }

  #context({ type, identity, object, old, subresource = '', dryRun }: Admitted) {
    const { group, version, plural: resource, kind } = type;
    const { name, namespace = '' } = object.metadata;
    const request = {
      kind: { group, version, kind },
      resource: { group, version, resource },
      subResource: subresource,
      name,
      namespace,
      operation: old === undefined ? 'CREATE' : 'UPDATE',
      userInfo: userInfo(identity),
      dryRun,
    };
    return {
      object: celValue(object),
      oldObject: old === undefined ? null : celValue(old),
      request: celValue(request),
      namespaceObject: celValue(this.#namespace(object)),
      authorizer: new Authorizer((what) => this.#rbac.decide(identity, what)),
    };
  }
}

function isAsked(policy: KubeObject, { type, old, subresource }: Admitted): boolean {
  const operation = old === undefined ? 'CREATE' : 'UPDATE';
  const resource = subresource === undefined ? type.plural : `${type.plural}/${subresource}`;
  return listAt(policy, 'spec', 'matchConstraints', 'resourceRules')
    .filter(isObject)
    .some((rule) => {
      const names = (field: string, wanted: string) => listAt(rule, field).some((one) => one === '*' || one === wanted);
      return (
        names('apiGroups', type.group) &&
        names('apiVersions', type.version) &&
        names('operations', operation) &&
        names('resources', resource)
      );
    });
}
