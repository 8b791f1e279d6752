import type { ServerResponse } from 'node:http';
import type { Counter, Registry } from 'prom-client';
import type { LogLevel } from '../config/log-level.ts';
import { debugPaths } from './debug-paths.ts';
import type { HealthState } from './health-state.ts';
import { type KeepOptions, type KeptListener, keepListening, type Place } from './listener.ts';
import { answering, type Paths, send, sendText } from './paths.ts';
import type { SliMetrics } from './sli-metrics.ts';
import { flagzText, isSecret, type ProcessFacts, statuszText } from './zpages.ts';

export interface HealthCounters {
  readonly healthzTotal: Counter<'code'>;
  readonly livezTotal: Counter<'code'>;
  readonly slis: SliMetrics;
}

/** `/healthz` and `/livez` and nothing else: this listener may face the network, where load balancers ask. */
export function serveHealth(
  place: Place,
  state: HealthState,
  counters: HealthCounters,
  options: KeepOptions,
): Promise<KeptListener> {
  const paths: Paths = {
    '/healthz': (_, response) => sendHealth(response, 'healthz', state, counters),
    '/livez': (_, response) => sendHealth(response, 'livez', state, counters),
  };
  return keepListening(
    place,
    answering(() => paths),
    options,
  );
}

export interface MetricsDoors {
  readonly state: HealthState;
  readonly counters: HealthCounters;
  readonly registry: Registry;
  /** In effect now; tokens are left out by name. */
  readonly configuration: () => object;
  /** The same as flags, without dashes. */
  readonly flags: () => ReadonlyMap<string, string>;
  readonly process: ProcessFacts;
  /** Whether `/debug/…` is there. */
  readonly profiling: () => boolean;
  readonly setLogLevel: (level: LogLevel) => void;
}

/**
 * What kube-proxy serves beside its metrics, and `/healthz` with the reason in words. Not authenticated: for loopback
 * addresses only.
 */
export function serveMetrics(place: Place, doors: MetricsDoors, options: KeepOptions): Promise<KeptListener> {
  const { state, counters, registry, configuration, flags } = doors;
  const { slis } = counters;
  const debug = debugPaths(doors.setLogLevel);
  const always: Paths = {
    '/metrics': (_, response) => sendMetrics(response, registry),
    '/metrics/slis': ({ method }, response) => {
      if (method !== 'DELETE') return sendMetrics(response, slis.registry);
      slis.registry.resetMetrics();
      sendText(response, 200, 'metrics reset');
    },
    '/proxyMode': (_, response) => send(response, 200, 'text/plain; charset=utf-8', 'iptables'),
    '/configz': (_, response) => {
      const shown = JSON.stringify({ kubecity: configuration() }, (key, value) => (isSecret(key) ? undefined : value));
      send(response, 200, 'application/json', shown);
    },
    '/flagz': (_, response) => send(response, 200, 'text/plain; charset=utf-8', flagzText(flags())),
    '/statusz': (_, response) => {
      const text = statuszText(doors.process, Date.now(), Object.keys(paths()));
      send(response, 200, 'text/plain; charset=utf-8', text);
    },
    '/healthz': (_, response) => sendHealth(response, 'healthz', state, counters, { withReason: true }),
  };
  const paths = () => (doors.profiling() ? { ...always, ...debug } : always);
  return keepListening(place, answering(paths), options);
}

function sendMetrics(response: ServerResponse, registry: Registry): void {
  registry.metrics().then(
    (text) => response.writeHead(200, { 'content-type': registry.contentType }).end(text),
    (error: Error) => sendText(response, 500, error.message),
  );
}

function sendHealth(
  response: ServerResponse,
  type: 'healthz' | 'livez',
  state: HealthState,
  counters: HealthCounters,
  { withReason = false } = {},
): void {
  const { code, body, reason, checks } = state[type]();
  counters[`${type}Total`].inc({ code: String(code) });
  counters.slis.observe(type, checks);
  send(response, code, 'application/json', JSON.stringify(withReason ? { ...body, reason } : body));
}
