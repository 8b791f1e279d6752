import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  clusterRoutingOverrideCrd,
  connect,
  ensureCrd,
  type KubeClient,
  type Resource,
  resources,
  routingOverrideCrd,
} from '@kubecity/kube';
import { type MiniApiServer, startMiniApiServer } from '@kubecity/mini-apiserver';
import type { Rights } from '../rights.ts';
import { type RawApi, rawApi } from './raw-api.ts';

const RBAC = 'rbac.authorization.k8s.io';
const core = (plural: string, namespaced = true): Resource => ({ group: '', version: 'v1', plural, namespaced });
const rbac = (plural: string, namespaced: boolean): Resource => ({ group: RBAC, version: 'v1', plural, namespaced });
export const kinds = {
  namespaces: core('namespaces', false),
  serviceAccounts: core('serviceaccounts'),
  configMaps: core('configmaps'),
  roles: rbac('roles', true),
  roleBindings: rbac('rolebindings', true),
  clusterRoles: rbac('clusterroles', false),
  clusterRoleBindings: rbac('clusterrolebindings', false),
} as const;

/** The cluster that the cases run against: one of somebody's, by `npm run test:cluster`, or our own API server. */
export interface Grounds {
  readonly admin: KubeClient;
  /** As the same admin. */
  readonly raw: RawApi;
  readonly kubeconfig: string;
  readonly context: string | undefined;
  /** Made for these cases, and removed with everything in it. */
  readonly namespace: string;
  /** Faults can be made in it, and nobody else is in it. */
  readonly mini: MiniApiServer | undefined;
  /** A ServiceAccount that may exactly that, and a client that shows its token. */
  become(rights: Rights): Promise<KubeClient>;
  /** A token of a ServiceAccount of the namespace. */
  token(account: string, audiences?: readonly string[]): Promise<string>;
  close(): Promise<void>;
}

/** @param env KUBECITY_TEST_KUBECONFIG, KUBECITY_TEST_CONTEXT: whose cluster; none: our own API server */
export async function openGrounds(env = process.env): Promise<Grounds> {
  const folder = mkdtempSync(join(tmpdir(), 'kubecity-cluster-'));
  const foreign = env.KUBECITY_TEST_KUBECONFIG;
  let kubeconfig = foreign;
  let mini: MiniApiServer | undefined;
  if (kubeconfig === undefined) {
    const users = [
      { name: 'admin', groups: ['system:masters'], token: randomBytes(24).toString('hex'), access: 'admin' as const },
    ];
    mini = await startMiniApiServer({ listen: { host: '127.0.0.1', port: 0 }, users });
    kubeconfig = join(folder, 'kubeconfig');
    writeFileSync(kubeconfig, mini.kubeconfig('admin'), { mode: 0o600 });
  }
  const context = foreign === undefined ? undefined : env.KUBECITY_TEST_CONTEXT;
  const admin = connect({ kubeconfig, ...(context !== undefined && { context }) });
  const namespace = `kubecity-test-${randomBytes(4).toString('hex')}`;
  const made: (() => Promise<void>)[] = [];
  await admin.create(kinds.namespaces, { metadata: { name: namespace } });
  const raw = await rawApi(kubeconfig, context);
  const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions';
  for (const crd of [routingOverrideCrd, clusterRoutingOverrideCrd]) {
    const { name } = crd.metadata;
    if ((await raw('GET', `${definitions}/${name}`)).status === 404) {
      made.push(() => admin.delete(resources.customResourceDefinitions, { name }));
    }
  }
  await ensureCrd(admin);
  let count = 0;

  async function token(account: string, audiences: readonly string[] = []): Promise<string> {
    const wish = {
      apiVersion: 'authentication.k8s.io/v1',
      kind: 'TokenRequest',
      metadata: { namespace, name: account },
      spec: { audiences, expirationSeconds: 3600 },
    };
    const made = await admin.create<object>(kinds.serviceAccounts, wish, 'token');
    return (made as { status: { token: string } }).status.token;
  }

  return {
    admin,
    raw,
    kubeconfig,
    context,
    namespace,
    mini,
    token,
    become: async ({ cluster, namespace: here }) => {
      count += 1;
      const name = `${namespace}-${count}`;
      const subjects = [{ kind: 'ServiceAccount', name, namespace }];
      const ref = (kind: string) => ({ apiGroup: RBAC, kind, name });
      await admin.create(kinds.serviceAccounts, { metadata: { namespace, name } });
      await admin.create(kinds.clusterRoles, { metadata: { name }, rules: cluster });
      await admin.create(kinds.clusterRoleBindings, { metadata: { name }, roleRef: ref('ClusterRole'), subjects });
      await admin.create(kinds.roles, { metadata: { namespace, name }, rules: here });
      await admin.create(kinds.roleBindings, { metadata: { namespace, name }, roleRef: ref('Role'), subjects });
      made.push(
        () => admin.delete(kinds.clusterRoleBindings, { name }),
        () => admin.delete(kinds.clusterRoles, { name }),
      );
      return admin.as({ token: await token(name) });
    },
    close: async () => {
      if (!mini) for (const remove of made) await remove();
      await admin.delete(kinds.namespaces, { name: namespace });
      await admin.close();
      await mini?.close();
      rmSync(folder, { recursive: true });
    },
  };
}
