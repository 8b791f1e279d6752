import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, ensureCrd, type KubeClient, type Resource, resources } from '@kubecity/kube';
import { type MiniApiServer, type MiniApiServerOptions, startMiniApiServer } from '@kubecity/mini-apiserver';

export const PLACE = { namespace: 'kubecity', name: 'kubecity-dashboard-ca' };
export const AUDIENCE = 'kubecity-dashboard';
export const ACCOUNT = { namespace: 'kubecity', name: 'kubecity-agent' };
const serviceAccounts: Resource = { group: '', version: 'v1', plural: 'serviceaccounts', namespaced: true };
const meta = (name: string) => ({ namespace: 'kubecity', name });

/** A cluster with what the manifests of the installation make: namespace, accounts, the ConfigMap; and agents' pods on two nodes. */
export class AccountCluster {
  readonly directory = mkdtempSync(join(tmpdir(), 'kubecity-accounts-'));
  readonly socketPath = join(this.directory, 'api.sock');
  readonly client: KubeClient = connect({ socketPath: this.socketPath });
  /** `verb resource` of every request. */
  readonly seen: string[] = [];
  #server: MiniApiServer | undefined;

  async start(options: Partial<MiniApiServerOptions> = {}): Promise<void> {
    const intercept: MiniApiServerOptions['intercept'] = ({ verb, resource }) =>
      void this.seen.push(`${verb} ${resource}`);
    this.#server = await startMiniApiServer({ socketPath: this.socketPath, intercept, ...options });
    const { client } = this;
    await client.create(resources.namespaces, { metadata: { name: 'kubecity' } });
    for (const name of ['kubecity-agent', 'other']) await client.create(serviceAccounts, { metadata: meta(name) });
    for (const name of ['node-a', 'node-b']) {
      await client.create(resources.nodes, { metadata: { name } });
      await this.addPod(`agent-on-${name}`, name);
    }
    await client.create(resources.configMaps, { metadata: meta(PLACE.name) });
    await ensureCrd(client);
  }

  async addPod(name: string, nodeName: string): Promise<void> {
    const spec = { nodeName, serviceAccountName: 'kubecity-agent', containers: [{ name: 'agent', image: 'agent:1' }] };
    await this.client.create(resources.pods, { metadata: meta(name), spec });
  }

  async removePod(name: string): Promise<void> {
    await this.client.delete(resources.pods, meta(name), { gracePeriodSeconds: 0 });
  }

  /** As the kubelet gets it for a projected volume. */
  async token(pod: string | undefined, more: { account?: string; audience?: string; seconds?: number } = {}) {
    const { account = 'kubecity-agent', audience = AUDIENCE, seconds = 3600 } = more;
    const boundObjectRef = pod && { kind: 'Pod', apiVersion: 'v1', name: pod };
    const spec = { audiences: [audience], expirationSeconds: seconds, ...(boundObjectRef && { boundObjectRef }) };
    const wish = { metadata: meta(account), spec } as { metadata: { name: string }; status?: { token: string } };
    const { status } = await this.client.create(serviceAccounts, wish, 'token');
    return status?.token ?? '';
  }

  count(what: string): number {
    return this.seen.filter((one) => one === what).length;
  }

  async stop(): Promise<void> {
    await this.#server?.close();
    this.#server = undefined;
  }

  async remove(): Promise<void> {
    await this.client.close();
    await this.stop();
    rmSync(this.directory, { recursive: true });
  }
}
