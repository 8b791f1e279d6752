import { randomUUID } from 'node:crypto';
import { lstat, unlink } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { Admission } from './admission/admission.ts';
import { Authenticator } from './auth/authenticator.ts';
import { Authorizer } from './auth/authorizer.ts';
import { bootstrapPolicy } from './auth/bootstrap-policy.ts';
import { Escalation } from './auth/escalation.ts';
import { SOCKET_OWNER } from './auth/identity.ts';
import { RoleAggregation } from './auth/role-aggregation.ts';
import { ServiceAccountTokens } from './auth/service-account-tokens.ts';
import { type User, Users } from './auth/users.ts';
import type { Cluster } from './cluster.ts';
import { Deletion } from './deletion.ts';
import { EndpointSliceController } from './endpointslice-controller.ts';
import { apiListener } from './http/api-listener.ts';
import type { ResourceRequest } from './http/request.ts';
import { ResourceHandler } from './http/resource-handler.ts';
import { builtinTypes } from './kinds/index.ts';
import { kubeconfigText } from './kubeconfig.ts';
import { Lifecycle } from './lifecycle.ts';
import type { KubeObject } from './object.ts';
import { ObjectApi } from './object-api.ts';
import { ServiceAddresses } from './service-addresses.ts';
import { Store } from './store.ts';
import { makeCertificates } from './tls.ts';
import { TypeRegistry } from './type-registry.ts';

export interface MiniApiServerOptions {
  /** Path of a Unix socket, made with mode 0600: whoever can open it acts as `system:masters`, or as the bearer of a token. */
  readonly socketPath?: string;
  /** HTTPS with an authority of its own; loopback addresses only. Port 0 takes a free one. */
  readonly listen?: { readonly host: string; readonly port: number };
  /** Who may come by bearer token, besides ServiceAccounts. */
  readonly users?: readonly User[];
  /** IPv4 range of cluster IPs, default 10.96.0.0/16. */
  readonly serviceCidr?: string;
  /** Changes kept per resource before a watch gets 410 Gone, default 2048. */
  readonly history?: number;
  /** Default 60,000. */
  readonly bookmarkEveryMs?: number;
  /** Unix time in milliseconds. */
  readonly now?: () => number;
  readonly newUid?: () => string;
  /** 0 ≤ n < 1, for generated names. */
  readonly random?: () => number;
  /**
   * resourceVersion before the first write. The default is the time in milliseconds, so a client that comes back to a
   * restarted server holds an older version and is told 410 Gone instead of missing everything.
   */
  readonly firstRevision?: number;
  /** Tokens bound to a pod name its node, as from Kubernetes 1.30 on; default true. */
  readonly tokensNameNodes?: boolean;
  /** For tests: sees each request for a resource before it is answered, and may throw the ApiError with which it fails. */
  readonly intercept?: (asked: ResourceRequest) => void;
  /** Hears of faults of the server itself; the default writes to stderr. */
  readonly onFault?: (error: unknown) => void;
}

export interface MiniApiServer {
  /** Of the HTTPS listener. */
  readonly port?: number;
  readonly url?: string;
  /** PEM of the authority behind `url`. */
  readonly ca?: string;
  /** YAML for kubectl, authority embedded. @throws Error for a user that is not configured, or without HTTPS */
  kubeconfig(user: string): string;
  /** Back door for fixtures: stores an object as it is, past defaults and validation. @throws Error for an unknown kind */
  put(object: KubeObject): KubeObject;
  /** Writes the EndpointSlices that are due now instead of in the next turn of the event loop. */
  settle(): void;
  /** For tests: forgets every change so far, so that older watches and lists under way get 410 Gone. */
  forget(): void;
  /** For tests: breaks every connection at once, as a load balancer or a dying server does. */
  cut(): void;
  close(): Promise<void>;
}

/** Starts the API on every listener asked for. @throws Error when an option is wrong or a listener cannot open */
export async function startMiniApiServer(options: MiniApiServerOptions): Promise<MiniApiServer> {
  const { socketPath, listen } = options;
  if (socketPath === undefined && listen === undefined) throw new Error('give socketPath, listen or both');
  if (listen !== undefined && !isLoopback(listen.host)) {
    throw new Error(`listen.host ${listen.host} is not a loopback address: this server is for one machine only`);
  }
  const users = new Users(options.users ?? []);
  const cluster = makeCluster(options);
  const api = new ObjectApi(cluster);
  const deletion = new Deletion(cluster, api);
  const lifecycle = new Lifecycle(cluster, deletion);
  const slices = new EndpointSliceController(cluster);
  cluster.store.subscribe((change) => cluster.serviceAddresses.observe(change));
  cluster.store.subscribe((change) => lifecycle.observe(change));
  cluster.store.subscribe((change) => slices.observe(change));
  const aggregation = new RoleAggregation(cluster.store);
  cluster.store.subscribe((change) => aggregation.observe(change));
  furnish(cluster, api, options.users ?? []);
  const tokens = new ServiceAccountTokens(cluster, options.tokensNameNodes ?? true);
  const authenticator = new Authenticator(users, tokens);
  const authorizer = new Authorizer(cluster.store);
  const escalation = new Escalation(authorizer);
  const admission = new Admission(cluster.store, authorizer);
  const pace = { bookmarkEveryMs: options.bookmarkEveryMs ?? 60_000 };
  const resources = new ResourceHandler({ cluster, api, deletion, escalation, admission, tokens, pace });
  const shared = {
    cluster,
    resources,
    authenticator,
    authorizer,
    intercept: options.intercept,
    onFault: options.onFault ?? console.error,
  };
  const servers: Server[] = [];
  const cut = () => {
    for (const server of servers) server.closeAllConnections();
  };
  const close = async () => {
    slices.stop();
    await Promise.all(servers.map(closeServer));
  };
  try {
    if (socketPath !== undefined) {
      const identify = (request: IncomingMessage) =>
        request.headers.authorization === undefined ? SOCKET_OWNER : authenticator.authenticate(request);
      const server = createServer(apiListener({ ...shared, identify }));
      await openSocket(server, socketPath);
      servers.push(server);
    }
    if (listen === undefined) return { ...backDoor(cluster, api, slices), kubeconfig: noKubeconfig, cut, close };
    const { ca, cert, key } = await makeCertificates(listen.host);
    const identify = authenticator.authenticate.bind(authenticator);
    const server = createTlsServer({ cert, key }, apiListener({ ...shared, identify }));
    await open(server, () => server.listen(listen.port, listen.host));
    servers.push(server);
    const { port } = server.address() as AddressInfo;
    const url = `https://${isIP(listen.host) === 6 ? `[${listen.host}]` : listen.host}:${port}`;
    const kubeconfig = (user: string) => {
      const token = users.token(user);
      if (token === undefined) throw new Error(`no user ${user} is configured`);
      return kubeconfigText(url, ca, user, token);
    };
    return { ...backDoor(cluster, api, slices), port, url, ca, kubeconfig, cut, close };
  } catch (error) {
    await close();
    throw error;
  }
}

function makeCluster(options: MiniApiServerOptions): Cluster {
  const { history = 2048, now = Date.now, newUid = randomUUID, random = Math.random } = options;
  const types = new TypeRegistry();
  for (const type of builtinTypes) types.add(type);
  return {
    store: new Store({ history, firstRevision: options.firstRevision ?? now() }),
    types,
    serviceAddresses: new ServiceAddresses(options.serviceCidr ?? '10.96.0.0/16'),
    now,
    newUid,
    random,
  };
}

/** What every new cluster has. */
function furnish({ types, serviceAddresses }: Cluster, api: ObjectApi, users: readonly User[]): void {
  const namespaces = types.find('', 'v1', 'namespaces');
  for (const name of ['default', 'kube-system']) {
    api.create(namespaces, undefined, { metadata: { name } }, { dryRun: false });
  }
  const range = { metadata: { name: 'kubernetes' }, spec: { cidrs: [serviceAddresses.cidr] } };
  api.create(types.find('networking.k8s.io', 'v1', 'servicecidrs'), undefined, range, { dryRun: false });
  for (const object of bootstrapPolicy(users)) {
    const type = types.forObject(object);
    if (type !== undefined) api.put(type, object);
  }
}

function backDoor({ types, store }: Cluster, api: ObjectApi, slices: EndpointSliceController) {
  return {
    put: (object: KubeObject): KubeObject => {
      const type = types.forObject(object);
      if (type === undefined) throw new Error(`no resource serves ${object.apiVersion} ${object.kind}`);
      return api.put(type, object);
    },
    settle: () => slices.settle(),
    forget: () => store.forget(),
  };
}

function noKubeconfig(): never {
  throw new Error(
    'kubeconfig needs the HTTPS listener: kubectl speaks neither Unix sockets nor tokens over plain HTTP',
  );
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || (ipaddr.isValid(host) && ipaddr.process(host).range() === 'loopback');
}

async function openSocket(server: Server, path: string): Promise<void> {
  await removeStaleSocket(path);
  await open(server, () => {
    // Node binds inside this call, so the umask (0600) holds before anybody can connect.
    const umask = process.umask(0o177);
    try {
      server.listen(path);
    } finally {
      process.umask(umask);
    }
  });
}

/** A server that was killed leaves its socket behind, which would refuse the next one. */
async function removeStaleSocket(path: string): Promise<void> {
  const found = await lstat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (found === undefined) return;
  if (!found.isSocket()) throw new Error(`socketPath ${path} exists and is not a socket`);
  await unlink(path);
}

/**
 * As kube-apiserver's, and longer than clients keep an unused connection: with Node's 5 s a client on a busy machine writes
 * into one that has just been closed, and a request that is no GET is then lost.
 */
const IDLE_MILLISECONDS = 90_000;

function open(server: Server, listen: () => void): Promise<void> {
  server.keepAliveTimeout = IDLE_MILLISECONDS;
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.once('listening', () => {
      server.off('error', reject);
      resolve();
    });
    listen();
  });
}

/** Open watches would keep a server from closing, so their connections are cut. */
function closeServer(server: Server): Promise<void> {
  return new Promise((resolve, reject) => {
    server.close((error) => (error === undefined ? resolve() : reject(error)));
    server.closeAllConnections();
  });
}
