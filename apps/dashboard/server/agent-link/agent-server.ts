import { createServer, type Server } from 'node:https';
import type { KubeClient } from '@kubecity/kube';
import type { Logger } from 'pino';
import { Gauge, type Registry } from 'prom-client';
import { type ConfigMapPlace, publishCertificate } from './ca-publisher.ts';
import { makeCertificate, type OwnCertificate } from './own-certificate.ts';

export interface AgentServerOptions {
  readonly client: Pick<KubeClient, 'get' | 'replace'>;
  readonly log: Pick<Logger, 'info' | 'error'>;
  /** Names and addresses under which agents come. */
  readonly names: readonly string[];
  /** Where they learn whom to trust. */
  readonly place: ConfigMapPlace;
  /** Unix ms. */
  readonly now: () => number;
  /** Milliseconds between two looks at the ConfigMap, and after one that failed. */
  readonly every?: { readonly look: number; readonly retry: number };
}

export interface AgentServer {
  readonly server: Server;
  /** Tells agents the certificate, and keeps it told and young until the server closes. */
  publish(registry: Registry): void;
}

/** Somebody may have emptied it, or a crowd of dashboards pushed us out. */
const EVERY = { look: 60_000, retry: 5000 };

/**
 * An HTTPS server for agents with a certificate of its own making. Agents learn it through the API, so a new one is published
 * before it is used; until then, and while the API is away, the old one serves.
 */
export async function selfSignedServer(options: AgentServerOptions): Promise<AgentServer> {
  const { client, log, names, place, now, every = EVERY } = options;
  let current = await makeCertificate(names, now());
  const server = createServer(current);
  let timer: NodeJS.Timeout | undefined;
  let lastFailure = '';
  let published: OwnCertificate | undefined;
  let closed = false;

  async function look(): Promise<void> {
    const next = now() < current.renewAt ? current : await makeCertificate(names, now());
    await publishCertificate(client, place, next.cert, now());
    if (next !== current) server.setSecureContext(next);
    if (next !== published) log.info({ place, until: new Date(next.until) }, 'the certificate for agents is published');
    [current, published, lastFailure] = [next, next, ''];
  }

  function failed(error: Error): void {
    if (error.message !== lastFailure)
      log.error({ err: error, place }, 'agents cannot learn our certificate; trying again');
    lastFailure = error.message;
  }

  async function keep(gauges: ReturnType<typeof certificateGauges>): Promise<void> {
    const failure = await look().then(
      () => undefined,
      (error: Error) => error,
    );
    if (failure) failed(failure);
    gauges.published.set(failure ? 0 : 1);
    gauges.end.set(current.until / 1000);
    if (!closed) timer = setTimeout(() => void keep(gauges), failure ? every.retry : every.look).unref();
  }

  server.once('close', () => {
    closed = true;
    clearTimeout(timer);
  });
  return { server, publish: (registry) => void keep(certificateGauges(registry)) };
}

function certificateGauges(registry: Registry) {
  const registers = [registry];
  return {
    published: new Gauge({
      name: 'kubecity_hub_agent_certificate_published',
      help: '1 while agents can learn the certificate that this dashboard made for itself.',
      registers,
    }),
    end: new Gauge({
      name: 'kubecity_hub_agent_certificate_end_timestamp_seconds',
      help: 'End of the certificate that this dashboard made for itself; it is renewed days before.',
      registers,
    }),
  };
}
