import { join } from 'node:path';
import { connect, ensureCrd, type KubeClient } from '@kubecity/kube';
import {
  type KubeObject,
  type MiniApiServer,
  type MiniApiServerOptions,
  startMiniApiServer,
} from '@kubecity/mini-apiserver';
import { cart, namespace, node, pod } from './objects.ts';

/** An API server on a Unix socket with two nodes, Service cart with its two pods, and a pod web-1 that calls it. */
export class TestCluster {
  readonly client: KubeClient;
  readonly #socketPath: string;
  readonly #users: NonNullable<MiniApiServerOptions['users']>;
  #server: MiniApiServer | undefined;

  /** @param users who may come over HTTPS besides, by token */
  constructor(directory: string, users: MiniApiServerOptions['users'] = []) {
    this.#users = users;
    this.#socketPath = join(directory, 'api.sock');
    this.client = connect({ socketPath: this.#socketPath });
  }

  async start(): Promise<void> {
    const listen = this.#users.length > 0 ? { host: '127.0.0.1', port: 0 } : undefined;
    const server = await startMiniApiServer({ socketPath: this.#socketPath, users: this.#users, listen });
    this.#server = server;
    const put = (apiVersion: string, kind: string, object: object) =>
      server.put({ apiVersion, kind, ...object } as KubeObject);
    put('v1', 'Namespace', namespace('shop'));
    for (const name of ['node-a', 'node-b']) put('v1', 'Node', node(name));
    for (const object of cart.services) put('v1', 'Service', object);
    for (const object of cart.endpointSlices) put('discovery.k8s.io/v1', 'EndpointSlice', object);
    for (const object of [...cart.pods, pod('web-1', '10.0.1.1', 'node-b')]) put('v1', 'Pod', object);
    await ensureCrd(this.client);
  }

  /** Of one of the users, as YAML. */
  kubeconfig(user: string): string {
    if (!this.#server) throw new Error('the server does not run');
    return this.#server.kubeconfig(user);
  }

  async stop(): Promise<void> {
    await this.#server?.close();
    this.#server = undefined;
  }

  async remove(): Promise<void> {
    await this.client.close();
    await this.stop();
  }
}
