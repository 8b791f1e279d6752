import type { KubeObject } from '../../packages/mini-apiserver/src/object.ts';

/** `rbac.authorization.k8s.io/v1` PolicyRule, as our roles write it. */
export interface Rule {
  readonly apiGroups: readonly string[];
  readonly resources: readonly string[];
  readonly verbs: readonly string[];
  readonly resourceNames?: readonly string[];
}

/** All that the manifests let one of our programs do. */
export interface Rights {
  readonly cluster: readonly Rule[];
  /** In the namespace of Kubecity. */
  readonly namespace: readonly Rule[];
}

/** One verb on one resource: the least that a role can lose. */
export interface Right {
  readonly scope: keyof Rights;
  readonly verb: string;
  readonly resource: string;
  readonly group: string;
}

export const nameOf = ({ verb, resource, group }: Right): string =>
  `${verb} ${resource}${group === '' ? '' : `.${group}`}`;

/** Of the ServiceAccount `name`, whose roles have its name. */
export function rightsOf(objects: readonly KubeObject[], name: string): Rights {
  const rules = (kind: string) => {
    const role = objects.find((object) => object.kind === kind && object.metadata.name === name);
    if (!role) throw new Error(`no ${kind} ${name} in the manifests`);
    return role.rules as unknown as Rule[];
  };
  return { cluster: rules('ClusterRole'), namespace: rules('Role') };
}

export function each(rights: Rights): Right[] {
  return (['cluster', 'namespace'] as const).flatMap((scope) =>
    rights[scope].flatMap(({ apiGroups, resources, verbs }) =>
      apiGroups.flatMap((group) =>
        resources.flatMap((resource) => verbs.map((verb) => ({ scope, verb, resource, group }))),
      ),
    ),
  );
}

/** The same rights but one. */
export function without(rights: Rights, lost: Right): Rights {
  const rules = rights[lost.scope].flatMap((rule) => {
    if (!rule.apiGroups.includes(lost.group) || !rule.resources.includes(lost.resource)) return [rule];
    const others = rule.resources.filter((resource) => resource !== lost.resource);
    const verbs = rule.verbs.filter((verb) => verb !== lost.verb);
    return [
      ...(others.length > 0 ? [{ ...rule, resources: others }] : []),
      ...(verbs.length > 0 ? [{ ...rule, resources: [lost.resource], verbs }] : []),
    ];
  });
  return { ...rights, [lost.scope]: rules };
}
