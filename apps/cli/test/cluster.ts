import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect, ensureCrd, type KubeClient, resources } from '@kubecity/kube';
import { type KubeObject, type MiniApiServer, startMiniApiServer, type User } from '@kubecity/mini-apiserver';
import type { KubeRoutingOverride } from '@kubecity/routing';
import { command, type Hand, type Outcome } from './hand-terminal.ts';

/** Tom has rights in namespace shop and nowhere else. */
const USERS: readonly User[] = [
  { token: 'token-of-ann-0123456789', name: 'ann', groups: [], access: 'admin' },
  { token: 'token-of-vic-0123456789', name: 'vic', groups: [], access: 'view' },
  {
    token: 'token-of-tom-0123456789',
    name: 'tom',
    groups: [],
    access: 'none',
    grants: [
      {
        namespace: 'shop',
        rules: [
          { apiGroups: ['kubecity.dev'], resources: ['routingoverrides'], verbs: ['*'] },
          { apiGroups: ['', 'discovery.k8s.io'], resources: ['services', 'endpointslices'], verbs: ['list'] },
          { apiGroups: ['events.k8s.io'], resources: ['events'], verbs: ['list', 'create'] },
        ],
      },
    ],
  },
];

/** A real API server: namespace shop, Service cart with four pods on two nodes and zones, two of version v2. */
export class Cluster {
  readonly folder = mkdtempSync(join(tmpdir(), 'kubecity-cli-'));
  readonly socketPath = join(this.folder, 'api.sock');
  readonly client: KubeClient = connect({ socketPath: this.socketPath });
  #server: MiniApiServer | undefined;

  async start(): Promise<void> {
    const server = await startMiniApiServer({
      socketPath: this.socketPath,
      listen: { host: '127.0.0.1', port: 0 },
      users: USERS,
    });
    this.#server = server;
    const put = (apiVersion: string, kind: string, object: object) =>
      server.put({ apiVersion, kind, ...object } as KubeObject);
    put('v1', 'Namespace', { metadata: { name: 'shop' } });
    for (const [name, zone] of [
      ['node-a', 'zone-1'],
      ['node-b', 'zone-2'],
    ]) {
      const metadata = { name, labels: { 'topology.kubernetes.io/zone': zone } };
      put('v1', 'Node', { metadata, status: { conditions: [{ type: 'Ready', status: 'True' }] } });
    }
    put('v1', 'Service', {
      metadata: { namespace: 'shop', name: 'cart' },
      spec: { type: 'ClusterIP', clusterIP: '10.96.0.10', ports: [{ name: 'http', port: 80, protocol: 'TCP' }] },
    });
    for (const n of [1, 2, 3, 4]) {
      const labels = { version: n % 2 === 0 ? 'v2' : 'v1' };
      put('v1', 'Pod', { metadata: { namespace: 'shop', name: `cart-${n}`, uid: `uid-cart-${n}`, labels } });
    }
    put('discovery.k8s.io/v1', 'EndpointSlice', {
      metadata: { namespace: 'shop', name: 'cart-x1', labels: { 'kubernetes.io/service-name': 'cart' } },
      addressType: 'IPv4',
      ports: [{ name: 'http', port: 8080, protocol: 'TCP' }],
      endpoints: [1, 2, 3, 4].map((n) => ({
        addresses: [`10.0.0.${n}`],
        conditions: { ready: true },
        nodeName: n <= 2 ? 'node-a' : 'node-b',
        zone: n <= 2 ? 'zone-1' : 'zone-2',
        targetRef: { kind: 'Pod', namespace: 'shop', name: `cart-${n}`, uid: `uid-cart-${n}` },
      })),
    });
    await ensureCrd(this.client);
  }

  /** As the owner of the socket, in namespace shop. */
  async run(line: string, hand?: Hand): Promise<Outcome> {
    return command(['--kube-socket', this.socketPath, '-n', 'shop', ...words(line)], hand);
  }

  /** As one of the users, by kubeconfig. */
  async runAs(user: 'ann' | 'vic' | 'tom', line: string, hand?: Hand): Promise<Outcome> {
    const file = join(this.folder, `${user}.yaml`);
    writeFileSync(file, this.#running.kubeconfig(user));
    return command(['--kubeconfig', file, '-n', 'shop', ...words(line)], hand);
  }

  /** Names of all overrides with their specs. */
  async overrides(): Promise<Record<string, unknown>> {
    const lists = [resources.routingOverrides, resources.clusterRoutingOverrides].map((resource) =>
      this.client.list<KubeRoutingOverride>(resource),
    );
    const objects = (await Promise.all(lists)).flatMap(({ items }) => items);
    return Object.fromEntries(objects.map(({ metadata, spec }) => [metadata.name, spec]));
  }

  put(object: object): void {
    this.#running.put(object as KubeObject);
  }

  async stop(): Promise<void> {
    await this.client.close();
    await this.#server?.close();
    rmSync(this.folder, { recursive: true });
  }

  get #running(): MiniApiServer {
    if (!this.#server) throw new Error('the server does not run');
    return this.#server;
  }
}

/** Words of a command line; those in double quotes stay together. */
const words = (line: string): string[] =>
  [...line.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain]) => quoted ?? plain ?? '');
