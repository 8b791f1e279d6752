import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import packageJson from '../../apps/agent/package.json' with { type: 'json' };
import { variableOf } from '../../apps/agent/src/config/command-line.ts';
import { settingDescriptions } from '../../apps/agent/src/config/json-schema.ts';
import { settingsSchema } from '../../apps/agent/src/config/settings.ts';
import { dashboardCommand, readOptions } from '../../apps/dashboard/server/options.ts';
import { configurationReference } from '../configuration-reference.ts';
import { build, buildWith, DEPLOY, keyOf } from './kustomization.ts';

test('docs/configuration.md is what the settings say: `npm run configuration-reference` after a change', () => {
  expect(readFileSync(join(DEPLOY, '../docs/configuration.md'), 'utf8')).toBe(configurationReference());
});

interface Variable {
  readonly name: string;
  readonly value?: string;
}
interface Probe {
  readonly httpGet: { readonly host?: string; readonly port: number | string };
}
interface Container {
  readonly name: string;
  readonly image: string;
  readonly env?: readonly Variable[];
  readonly startupProbe: Probe;
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
  readonly volumeMounts: readonly { readonly name: string; readonly mountPath: string }[];
  readonly securityContext: Record<string, unknown>;
}

describe.each(['observe', 'steer', 'replace', 'development'] as const)('%s', (name) => {
  const objects = build(join(DEPLOY, 'overlays', name));
  // biome-ignore lint/suspicious/noExplicitAny: objects of every kind
  const find = (key: string): any => objects.find((object) => keyOf(object) === key);
  const daemonSet = find('DaemonSet kubecity/kubecity-agent');
  const deployment = find('Deployment kubecity/kubecity-dashboard');
  const agent: Container = daemonSet.spec.template.spec.containers[0];
  const dashboard: Container = deployment.spec.template.spec.containers[0];
  const config = parse(find('ConfigMap kubecity/kubecity-agent').data['config.yaml']);
  const given = (variable: string) => dashboard.env?.find((one) => one.name === variable)?.value;
  const ours = ({ env = [] }: Container) =>
    env.map((variable) => variable.name).filter((variable) => variable.startsWith('KUBECITY_'));

  test("the agents' file is one that the agent takes, in the mode of the overlay", () => {
    expect(settingsSchema.parse(config)).toMatchObject({ mode: name === 'development' ? 'steer' : name });
  });

  test('each variable is one that there is', () => {
    const variables = settingDescriptions.map(({ path }) => variableOf(path));
    for (const variable of ours(agent)) expect(['KUBECITY_CONFIG', ...variables]).toContain(variable);
    expect(dashboardCommand().options.map(({ envVar }) => envVar)).toEqual(expect.arrayContaining(ours(dashboard)));
  });

  test('the dashboard takes its variables together', () => {
    const before = { ...process.env };
    try {
      for (const { name, value } of dashboard.env ?? []) process.env[name] = value;
      const read = readOptions(['node', 'kubecity-dashboard']);
      expect(read.auth.ways).toEqual(['token']);
      expect(read.agents).toMatchObject({ door: { kind: 'tls' }, proof: { kind: 'account' } });
    } finally {
      process.env = before;
    }
  });

  test('the agent reads its file where the file is', () => {
    const file = agent.env?.find((one) => one.name === 'KUBECITY_CONFIG')?.value;
    const mount = agent.volumeMounts.find(({ name }) => name === 'config');
    expect(file).toBe(`${mount?.mountPath}/config.yaml`);
  });

  test('agents find the dashboard, know it, and show what it expects', () => {
    const service = find('Service kubecity/kubecity-dashboard');
    const port = service.spec.ports.find((one: { name: string }) => one.name === 'agents');
    expect(config.hub).toBe(`https://${service.metadata.name}.${service.metadata.namespace}.svc:${port.port}`);
    expect(given('KUBECITY_AGENT_LISTEN')).toBe(`0.0.0.0:${port.port}`);
    expect(find(`ConfigMap ${config.hubCAConfigMap}`)).toBeDefined();
    const account = `${daemonSet.metadata.namespace}/${daemonSet.spec.template.spec.serviceAccountName}`;
    expect(given('KUBECITY_AGENT_SERVICE_ACCOUNT')).toBe(account);
    expect(config.daemonSet).toBe(`${daemonSet.metadata.namespace}/${daemonSet.metadata.name}`);
    const mount = agent.volumeMounts.find(({ mountPath }) => config.hubTokenFile.startsWith(mountPath));
    const volume = daemonSet.spec.template.spec.volumes.find((one: Variable) => one.name === mount?.name);
    const { audience, path } = volume.projected.sources[0].serviceAccountToken;
    expect(audience).toBe(given('KUBECITY_AGENT_AUDIENCE'));
    expect(config.hubTokenFile).toBe(`${mount?.mountPath}/${path}`);
  });

  test('probes ask where health is served, and ports of kube-proxy are taken in replace only', () => {
    const [, healthPort] = config.healthListen.split(':');
    for (const probe of [agent.startupProbe, agent.livenessProbe, agent.readinessProbe]) {
      expect(probe.httpGet).toMatchObject({ host: '127.0.0.1', port: Number(healthPort) });
    }
    const [, metricsPort] = config.metricsListen.split(':');
    expect([healthPort === '10256', metricsPort === '10249']).toEqual([name === 'replace', name === 'replace']);
  });

  test('neither is privileged, nor writes to its own files, and each capability of the agent is one that it was seen to need', () => {
    for (const { securityContext } of [agent, dashboard]) {
      expect(securityContext).toMatchObject({ readOnlyRootFilesystem: true, allowPrivilegeEscalation: false });
      expect(securityContext.privileged ?? false).toBe(false);
    }
    expect(agent.securityContext.capabilities).toEqual({ drop: ['ALL'], add: ['NET_ADMIN', 'NET_RAW'] });
    expect(dashboard.securityContext.capabilities).toEqual({ drop: ['ALL'] });
    expect(deployment.spec.template.spec.securityContext).toMatchObject({ runAsNonRoot: true });
  });

  test('images are those of this version', () => {
    const [at, tag] = name === 'development' ? ['kubecity', 'dev'] : ['ghcr.io/kubecity', packageJson.version];
    expect([agent.image, dashboard.image]).toEqual([`${at}/agent:${tag}`, `${at}/dashboard:${tag}`]);
  });
});

test.each([
  ['isolation', { isolation: 'on' }],
  ['routes', { routes: 'direct' }],
] as const)('the component %s sets what the agent knows, beside what the overlay sets', (name, settings) => {
  const steer = join(DEPLOY, 'overlays/steer');
  const env = (objects: ReturnType<typeof build>) => {
    // biome-ignore lint/suspicious/noExplicitAny: objects of every kind
    const daemonSet: any = objects.find((object) => keyOf(object) === 'DaemonSet kubecity/kubecity-agent');
    return daemonSet.spec.template.spec.containers[0].env as Variable[];
  };
  const before = env(build(steer));
  const now = env(buildWith(steer, join(DEPLOY, 'components', name)));
  const added = now.filter((one) => !before.some(({ name: known }) => known === one.name));
  expect(now.length).toBe(before.length + added.length);
  const given = Object.entries(settings).map(([path, value]) => ({ name: variableOf([path]), value }));
  expect(added).toEqual(given);
  expect(settingsSchema.parse(settings)).toEqual(settings);
});
