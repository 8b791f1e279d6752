import { join } from 'node:path';
import { collectDefaultMetrics, type Metric, Registry } from 'prom-client';
import { expect, test } from 'vitest';
import type { CityModel } from '../../apps/dashboard/server/city-model.ts';
import { hubMetrics } from '../../apps/dashboard/server/metrics.ts';
import { trafficMetrics } from '../../apps/dashboard/server/traffic-metrics.ts';
import { build, buildWith, DEPLOY, keyOf } from './kustomization.ts';
import { askedBy } from './promql.ts';

/** What the dashboard serves at /metrics: name and its labels. The figures themselves nobody reads here. */
function servedByDashboard(): Map<string, ReadonlySet<string>> {
  const { registry } = hubMetrics();
  trafficMetrics(registry, {} as CityModel);
  const own = new Registry();
  collectDefaultMetrics({ register: own });
  const metrics = [...registry.getMetricsAsArray(), ...own.getMetricsAsArray()] as unknown as (Metric & {
    readonly name: string;
    readonly labelNames?: readonly string[];
  })[];
  return new Map(metrics.map(({ name, labelNames = [] }) => [name, new Set(labelNames)]));
}

/** Put to every series by whoever scrapes. */
const OF_THE_TARGET = ['namespace', 'service', 'pod', 'job', 'instance'];

const steer = join(DEPLOY, 'overlays/steer');
const objects = buildWith(steer, join(DEPLOY, 'components/monitoring'));
// biome-ignore lint/suspicious/noExplicitAny: objects of every kind
const find = (key: string): any => objects.find((object) => keyOf(object) === key);

interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly annotations: Readonly<Record<string, string>>;
}
const rules: Rule[] = find('PrometheusRule kubecity/kubecity').spec.groups.flatMap(
  (group: { rules: Rule[] }) => group.rules,
);
const grafana = JSON.parse(find('ConfigMap kubecity/kubecity-grafana').data['kubecity.json']);
const panels: { title: string; targets: { expr: string }[] }[] = grafana.panels;
const variables: string[] = grafana.templating.list.flatMap((variable: { query: unknown }) =>
  typeof variable.query === 'object' ? [(variable.query as { query: string }).query] : [],
);
const expressions: readonly (readonly [where: string, expression: string])[] = [
  ...rules.map(({ alert, expr }) => [alert, expr] as const),
  ...panels.flatMap(({ title, targets }) => targets.map(({ expr }) => [title, expr] as const)),
  ...variables.map((query) => ['variable', query] as const),
];

const served = servedByDashboard();

test.each(expressions)('%s asks for figures and labels that the dashboard has: %s', (_where, expression) => {
  const { metrics, labels } = askedBy(expression);
  expect(metrics.size).toBeGreaterThan(0);
  const known = new Set(OF_THE_TARGET);
  for (const name of metrics) {
    if (name === 'up') continue;
    expect([...served.keys()], expression).toContain(name);
    for (const label of served.get(name) ?? []) known.add(label);
  }
  for (const label of labels) expect([...known], expression).toContain(label);
});

test('every alert says what it means and what to do, with labels that its expression has', () => {
  for (const { alert, expr, annotations } of rules) {
    expect(annotations.summary, alert).toBeTruthy();
    expect(annotations.description, alert).toBeTruthy();
    const known = [...askedBy(expr).metrics].flatMap((name) => [...(served.get(name) ?? [])]);
    const told = Object.values(annotations).flatMap((text) =>
      [...text.matchAll(/\$labels\.(\w+)/g)].map(([, key]) => key),
    );
    for (const label of told) expect(known, alert).toContain(label);
  }
  expect(new Set(rules.map(({ alert }) => alert)).size).toBe(rules.length);
});

test('the monitor finds the Service and its port, and the Service the port of the pod', () => {
  const { selector, endpoints } = find('ServiceMonitor kubecity/kubecity-dashboard').spec;
  const service = build(steer).find((object) => keyOf(object) === 'Service kubecity/kubecity-dashboard');
  expect(service?.metadata.labels).toMatchObject(selector.matchLabels);
  const ports = find('Service kubecity/kubecity-dashboard').spec.ports;
  const container = find('Deployment kubecity/kubecity-dashboard').spec.template.spec.containers[0];
  const names = container.ports.map(({ name }: { name: string }) => name);
  for (const { port } of endpoints) {
    const found = ports.find(({ name }: { name: string }) => name === port);
    expect(names).toContain(found.targetPort);
  }
});

test('an expression that asks for what nobody has would be found', () => {
  expect(askedBy('sum by (pot) (rate(kubecity_x_total{a="b", c!~"d"}[5m])) / (y_z > 0)')).toEqual({
    metrics: new Set(['kubecity_x_total', 'y_z']),
    labels: new Set(['pot', 'a', 'c']),
  });
  expect(() => askedBy('sume(kubecity_x_total)')).toThrow(/sume/);
});
