import type { RequestListener, Server } from 'node:http';
import type { Family } from '@kubecity/routing';
import { close, listen } from './listener.ts';
import type { LocalEndpoints } from './local-endpoints.ts';

export interface ServiceHealthOptions {
  /** This node routes as wished. */
  readonly isHealthy: () => boolean;
  /** The port of a Service (`namespace/name`) could not be opened; tried again with the next sync, and every `retryMs`. */
  readonly failed: (service: string, port: number, error: Error) => void;
  /** Milliseconds; 5,000 when absent. */
  readonly retryMs?: number;
}

interface Opened {
  readonly port: number;
  readonly addresses: string;
  readonly servers: readonly Server[];
  localEndpoints: number;
}

const RETRY_MS = 5000;
const EVERYWHERE: Readonly<Record<Family, readonly string[]>> = { IPv4: ['0.0.0.0'], IPv6: ['::'] };

/**
 * The health check node ports of Services with `externalTrafficPolicy: Local`: a load balancer asks each node whether it
 * has endpoints of its own. One HTTP server per Service, family and address, on any path.
 */
export class ServiceHealth {
  readonly #options: ServiceHealthOptions;
  readonly #opened: Readonly<Record<Family, Map<string, Opened>>> = { IPv4: new Map(), IPv6: new Map() };
  /** By family, while a port is held by somebody else. */
  readonly #retries = new Map<Family, NodeJS.Timeout>();
  #last: Promise<void> = Promise.resolve();

  constructor(options: ServiceHealthOptions) {
    this.#options = options;
  }

  /**
   * Opens, closes and moves listeners until they are as `wanted` (by `namespace/name`) on `addresses` (absent = all).
   * Syncs run one after the other.
   */
  sync(family: Family, wanted: ReadonlyMap<string, LocalEndpoints>, addresses?: readonly string[]): Promise<void> {
    const hosts = addresses ?? EVERYWHERE[family];
    const opened = this.#opened[family];
    this.#last = this.#last.then(async () => {
      clearTimeout(this.#retries.get(family));
      await this.#sync(opened, wanted, hosts);
      // Another proxy may hold it, and go without anything that makes us look.
      const again = () => void this.sync(family, wanted, addresses);
      if ([...wanted.keys()].some((service) => !opened.has(service))) {
        this.#retries.set(family, setTimeout(again, this.#options.retryMs ?? RETRY_MS).unref());
      }
    });
    return this.#last;
  }

  async close(): Promise<void> {
    await Promise.all([this.sync('IPv4', new Map()), this.sync('IPv6', new Map())]);
  }

  async #sync(
    opened: Map<string, Opened>,
    wanted: ReadonlyMap<string, LocalEndpoints>,
    hosts: readonly string[],
  ): Promise<void> {
    const addresses = hosts.join();
    // All are closed before any is opened: a port may go from one Service to another.
    for (const [service, { port, addresses: bound, servers }] of opened) {
      if (wanted.get(service)?.port === port && bound === addresses) continue;
      opened.delete(service);
      await Promise.all(servers.map(close));
    }
    for (const [service, { port, localEndpoints }] of wanted) {
      const found = opened.get(service);
      if (found) found.localEndpoints = localEndpoints;
      else await this.#open(opened, service, port, localEndpoints, hosts);
    }
  }

  async #open(
    opened: Map<string, Opened>,
    service: string,
    port: number,
    localEndpoints: number,
    hosts: readonly string[],
  ): Promise<void> {
    const servers: Server[] = [];
    const entry: Opened = { port, addresses: hosts.join(), servers, localEndpoints };
    try {
      for (const host of hosts) servers.push(await listen({ host, port }, this.#answer(service, entry)));
      opened.set(service, entry);
    } catch (error) {
      await Promise.all(servers.map(close));
      this.#options.failed(service, port, error as Error);
    }
  }

  #answer(service: string, entry: Opened): RequestListener {
    return (request, response) => {
      request.resume();
      const healthy = this.#options.isHealthy();
      const count = entry.localEndpoints;
      response.writeHead(count > 0 && healthy ? 200 : 503, {
        'content-type': 'application/json',
        'x-content-type-options': 'nosniff',
        'x-load-balancing-endpoint-weight': String(count),
      });
      response.end(serviceHealthBody(service, count, healthy));
    };
  }
}

/** Byte for byte what kube-proxy sends. */
export function serviceHealthBody(service: string, localEndpoints: number, serviceProxyHealthy: boolean): string {
  const [namespace, name] = service.split('/');
  return JSON.stringify({ service: { namespace, name }, localEndpoints, serviceProxyHealthy }, null, '\t');
}
