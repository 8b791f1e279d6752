import type { RequestListener, ServerResponse } from 'node:http';
import type { Counter, Registry } from 'prom-client';
import type { HealthAnswer, HealthState } from './health-state.ts';
import { type KeepOptions, type KeptListener, keepListening, type Place } from './listener.ts';

export interface HealthCounters {
  readonly healthzTotal: Counter<'code'>;
  readonly livezTotal: Counter<'code'>;
}

/** `/healthz` and `/livez` and nothing else: this listener may face the network, where load balancers ask. */
export function serveHealth(
  place: Place,
  state: HealthState,
  { healthzTotal, livezTotal }: HealthCounters,
  options: KeepOptions,
): Promise<KeptListener> {
  const paths = {
    '/healthz': (response: ServerResponse) => send(response, state.healthz(), healthzTotal),
    '/livez': (response: ServerResponse) => send(response, state.livez(), livezTotal),
  };
  return keepListening(place, answering(paths), options);
}

export interface MetricsDoors {
  readonly state: HealthState;
  readonly counters: HealthCounters;
  readonly registry: Registry;
  /** In effect now; tokens are left out by name. */
  readonly configuration: () => object;
}

/**
 * `/metrics`, `/proxyMode`, `/configz` and `/healthz` with the reason in words. Not authenticated: for loopback addresses
 * only.
 */
export function serveMetrics(place: Place, doors: MetricsDoors, options: KeepOptions): Promise<KeptListener> {
  const { state, counters, registry, configuration } = doors;
  const metrics = (response: ServerResponse) => {
    registry.metrics().then(
      (text) => response.writeHead(200, { 'content-type': registry.contentType }).end(text),
      (error: Error) => response.writeHead(500).end(`${error.message}\n`),
    );
  };
  const proxyMode = (response: ServerResponse) =>
    void response.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' }).end('iptables');
  const configz = (response: ServerResponse) => {
    const shown = JSON.stringify({ kubecity: configuration() }, (key, value) =>
      /token$/i.test(key) ? undefined : value,
    );
    response.writeHead(200, { 'content-type': 'application/json', 'x-content-type-options': 'nosniff' }).end(shown);
  };
  const healthz = (response: ServerResponse) => {
    const { code, body, reason } = state.healthz();
    send(response, { code, body: { ...body, reason } }, counters.healthzTotal);
  };
  const paths = { '/metrics': metrics, '/proxyMode': proxyMode, '/configz': configz, '/healthz': healthz };
  return keepListening(place, answering(paths), options);
}

type Answer = (response: ServerResponse) => void;

function answering(paths: Readonly<Record<string, Answer>>): RequestListener {
  const byPath = new Map(Object.entries(paths));
  return (request, response) => {
    // What a caller sends along is nobody's business here.
    request.resume();
    const answer = byPath.get((request.url ?? '').split('?', 1)[0] ?? '');
    if (answer) answer(response);
    else response.writeHead(404).end('404 page not found\n');
  };
}

function send(
  response: ServerResponse,
  { code, body }: Pick<HealthAnswer, 'code' | 'body'>,
  total: Counter<'code'>,
): void {
  total.inc({ code: String(code) });
  const headers = { 'content-type': 'application/json', 'x-content-type-options': 'nosniff' };
  response.writeHead(code, headers).end(JSON.stringify(body));
}
