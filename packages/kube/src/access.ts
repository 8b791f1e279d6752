import type { KubeConfig } from '@kubernetes/client-node';
import { Agent, type Dispatcher } from 'undici';
import { failed, KubeError } from './error.ts';

/** How to reach the API server. Exactly one of the three. */
export interface ConnectOptions {
  /** Path of a kubeconfig file; its current context is used. */
  readonly kubeconfig?: string;
  /** Path of a Unix socket on which an API server listens without authentication. */
  readonly socketPath?: string;
  /** With the ServiceAccount of the pod this runs in. */
  readonly inCluster?: boolean;
}

/** What one request needs: where to, as whom, over which connections. */
export interface Access {
  readonly origin: string;
  readonly headers: Record<string, string>;
  readonly dispatcher: Dispatcher;
}

export interface AccessSource {
  access(): Promise<Access>;
  /** After a refused or failed request: the next one reads certificates anew. Requests under way are not touched. */
  renew(): void;
  close(): Promise<void>;
}

export function accessSource(options: ConnectOptions): AccessSource {
  const given = [options.kubeconfig, options.socketPath, options.inCluster || undefined].filter(
    (way) => way !== undefined,
  );
  if (given.length !== 1) {
    throw new KubeError('invalid', 'connect', 'exactly one of kubeconfig, socketPath and inCluster must be given');
  }
  return options.socketPath === undefined ? clusterAccess(options) : socketAccess(options.socketPath);
}

function socketAccess(socketPath: string): AccessSource {
  const dispatcher = new Agent({ connect: { socketPath } });
  const access = { origin: 'http://localhost', headers: {}, dispatcher };
  return { access: async () => access, renew: () => {}, close: () => dispatcher.destroy() };
}

/**
 * KubeConfig makes a new dispatcher, and so a new TLS connection, for each request it signs. Ours is kept until a
 * request fails, while the headers come from KubeConfig each time, since tokens rotate.
 */
function clusterAccess(options: ConnectOptions): AccessSource {
  let config: Promise<KubeConfig> | undefined;
  let kept: Dispatcher | undefined;
  const retired = new Set<Dispatcher>();

  async function access(): Promise<Access> {
    const { RequestContext, HttpMethod } = await import('@kubernetes/client-node');
    config ??= loadConfig(options);
    const kubeConfig = await config;
    const origin = kubeConfig.getCurrentCluster()?.server.replace(/\/+$/, '') ?? '';
    const request = new RequestContext(origin, HttpMethod.GET);
    await kubeConfig.applySecurityAuthentication(request);
    kept ??= request.getDispatcher() ?? new Agent({ connect: { keepAlive: true, keepAliveInitialDelay: 30_000 } });
    return { origin, headers: request.getHeaders(), dispatcher: kept };
  }

  function renew(): void {
    if (kept === undefined) return;
    const old = kept;
    kept = undefined;
    config = undefined;
    retired.add(old);
    // close() lets running watches end by themselves; it rejects only when close() below destroyed it meanwhile
    old.close().then(
      () => retired.delete(old),
      () => retired.delete(old),
    );
  }

  async function close(): Promise<void> {
    await Promise.all([...retired, ...(kept ? [kept] : [])].map((dispatcher) => dispatcher.destroy()));
  }
  return { access, renew, close };
}

/** Reads the kubeconfig or the ServiceAccount. The client library is large, so it is loaded only when it is needed. */
async function loadConfig(options: ConnectOptions): Promise<KubeConfig> {
  const { KubeConfig } = await import('@kubernetes/client-node');
  const config = new KubeConfig();
  if (options.inCluster) {
    if (!process.env.KUBERNETES_SERVICE_HOST) {
      throw new KubeError('invalid', 'connect', 'not inside a cluster: KUBERNETES_SERVICE_HOST is not set');
    }
    config.loadFromCluster();
    return config;
  }
  const operation = `read kubeconfig ${options.kubeconfig}`;
  try {
    config.loadFromFile(options.kubeconfig ?? '');
  } catch (cause) {
    throw new KubeError('invalid', operation, cause instanceof Error ? cause.message : String(cause), { cause });
  }
  const cluster = config.getCurrentCluster();
  if (!cluster) throw new KubeError('invalid', operation, 'its current context names no cluster');
  // The library refuses plain HTTP; towards this machine itself there is nobody to listen in.
  const { protocol, hostname } = serverUrl(operation, cluster.server);
  const loopback = hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
  if (protocol === 'http:' && loopback) Object.assign(cluster, { skipTLSVerify: true });
  return config;
}

function serverUrl(operation: string, server: string): URL {
  try {
    return new URL(server);
  } catch (cause) {
    throw failed(operation, cause);
  }
}
