import {
  type Component,
  type ComponentRight,
  componentRights,
  crdStates,
  isKubeError,
  type KubeClient,
  KubeError,
  NAMESPACE,
  resources,
  rightInWords,
  serviceAccountOf,
} from '@kubecity/kube';
import { type Finding, found, ok } from '@kubecity/protocol';

/** What came with it is needed by the checks inside the CRDs. */
const OLDEST = { major: 1, minor: 29 };

export function judgeVersion(version: string): Finding {
  const id = 'cluster.version';
  const [, major = 0, minor = 0] = /^v?(\d+)\.(\d+)/.exec(version)?.map(Number) ?? [];
  if (major > OLDEST.major || (major === OLDEST.major && minor >= OLDEST.minor)) return ok(id, `Kubernetes ${version}`);
  return found('error', id, {
    what: `Kubernetes ${version} is older than ${OLDEST.major}.${OLDEST.minor}`,
    why: 'Its API server does not know all of the rules in the definition of RoutingOverride: wrong overrides are taken.',
    doThis: `Bring the cluster to ${OLDEST.major}.${OLDEST.minor} or newer.`,
  });
}

export async function checkCrds(client: KubeClient): Promise<Finding[]> {
  const id = 'cluster.crds';
  const states = await unlessForbidden(crdStates(client));
  if (states === 'forbidden') return [unseen(id, 'the CRDs', 'get customresourcedefinitions')];
  return states.map(({ name, state }) => {
    if (state === 'same') return ok(id, `${name} is the one of this version`);
    return found(state === 'absent' ? 'error' : 'warning', id, {
      what: state === 'absent' ? `${name} is not in the cluster` : `${name} is of another version`,
      why:
        state === 'absent'
          ? 'Nothing can be steered.'
          : 'Fields may be refused that this version writes, or taken that agents refuse.',
      doThis: `kubectl apply --server-side -f deploy/base/${name.split('.')[0]?.replace(/s$/, '')}-crd.yaml, of the version that is to be.`,
    });
  });
}

/** What whoever runs this may do: no fault of the cluster, but a reason why something else does not work. */
export async function checkOwnRights(client: KubeClient): Promise<Finding> {
  const id = 'cluster.own-rights';
  const group = 'kubecity.dev';
  const wished = [
    { verb: 'list', group: '', resource: 'services' },
    { verb: 'list', group: '', resource: 'nodes' },
    { verb: 'list', group, resource: 'routingoverrides' },
    { verb: 'create', group, resource: 'routingoverrides' },
    { verb: 'delete', group, resource: 'routingoverrides' },
    { verb: 'create', group, resource: 'clusterroutingoverrides' },
  ];
  const answers = await Promise.all(wished.map(async (one) => ({ one, ...(await client.selfAccess(one)) })));
  const missing = answers.filter(({ allowed }) => !allowed).map(({ one }) => rightInWords(one));
  if (missing.length === 0) return ok(id, 'you may look and steer in all namespaces');
  return found('note', id, {
    what: `you may not, over all namespaces: ${missing.join(', ')}`,
    why: 'Some commands are refused, or work in some namespaces only.',
    doThis: `Nothing if that is meant; else bind ClusterRole ${NAMESPACE}-viewer or ${NAMESPACE}-operator to you.`,
  });
}

/** Asks as the component's ServiceAccount, which needs the right to impersonate it. */
export async function checkComponentRights(client: KubeClient, component: Component): Promise<Finding> {
  const id = `cluster.${component}-rights`;
  const account = serviceAccountOf(component);
  const worn = client.as({
    user: `system:serviceaccount:${NAMESPACE}:${account}`,
    groups: ['system:serviceaccounts', `system:serviceaccounts:${NAMESPACE}`, 'system:authenticated'],
  });
  const wished = componentRights[component];
  const answers = await unlessForbidden(
    Promise.all(wished.map(async (right) => ({ right, ...(await worn.selfAccess(right)) }))),
  );
  if (answers === 'forbidden') return unseen(id, `the rights of ${account}`, `impersonate serviceaccounts ${account}`);
  const missing: ComponentRight[] = answers.filter(({ allowed }) => !allowed).map(({ right }) => right);
  if (missing.length === 0) return ok(id, `${account} has all ${wished.length} rights that it needs`);
  return found('error', id, {
    what: `${account} may not: ${missing.map(rightInWords).join(', ')}`,
    why: `So ${[...new Set(missing.map(({ without }) => without))].join('; ')}.`,
    doThis: `Apply deploy/base/${component}-rbac.yaml again.`,
  });
}

interface KubeProxyConfigMap {
  readonly data?: Readonly<Record<string, string>>;
}

/** What kubeadm, kind and others keep of kube-proxy's configuration. */
export async function checkKubeProxyConfig(client: KubeClient): Promise<Finding[]> {
  const id = 'cluster.kube-proxy';
  const address = { namespace: 'kube-system', name: 'kube-proxy' };
  try {
    const { data } = await client.get<KubeProxyConfigMap>(resources.configMaps, address);
    const [, mode = ''] = /^mode:\s*["']?(\w*)/m.exec(data?.['config.conf'] ?? '') ?? [];
    return [ok(id, `ConfigMap kube-system/kube-proxy sets mode ${mode || 'iptables (nothing, which is the default)'}`)];
  } catch (error) {
    if (isKubeError(error, 'not-found'))
      return [ok(id, 'no ConfigMap kube-system/kube-proxy: agents say what they found')];
    if (isKubeError(error, 'forbidden'))
      return [unseen(id, 'kube-proxy’s ConfigMap', 'get configmaps kube-system/kube-proxy')];
    throw error;
  }
}

export const unseen = (id: string, what: string, right: string): Finding =>
  found('note', id, {
    what: `${what} cannot be looked at: you may not ${right}`,
    why: 'What is wrong there is not known.',
    doThis: 'Run this again as somebody who may, for example as a cluster-admin.',
  });

export async function unlessForbidden<T>(asked: Promise<T>): Promise<T | 'forbidden'> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof KubeError && error.code === 'forbidden') return 'forbidden';
    throw error;
  }
}
