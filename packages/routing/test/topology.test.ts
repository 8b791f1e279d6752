import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { buildRoutingTable, type KubeService, type ServicePort } from '../src/index.ts';

interface Case {
  id: string;
  title: string;
  nodeName: string;
  nodeLabels: Readonly<Record<string, string>>;
  featureGates?: Readonly<Record<string, boolean>>;
  serviceSpec: NonNullable<KubeService['spec']>;
  endpoints: {
    endpoint: string;
    ready: boolean;
    serving: boolean;
    terminating: boolean;
    nodeName: string;
    zoneHints: string[];
    nodeHints: string[];
  }[];
  /** null: no door asks for that list. */
  expect: {
    clusterEndpoints: string[] | null;
    localEndpoints: string[] | null;
    allEndpoints: string[] | null;
    hasAnyEndpoints: boolean;
  };
}

const { cases } = JSON.parse(readFileSync(new URL('../testdata/topology.json', import.meta.url), 'utf8')) as {
  cases: Case[];
};

/** kube-proxy 1.36 locks this gate on; there is no proxy, and so no switch here, that behaves otherwise. */
const LOCKED_GATE = 'PreferSameTrafficDistribution';
const impossible = cases.filter((one) => one.featureGates?.[LOCKED_GATE] === false);
const possible = cases.filter((one) => !impossible.includes(one));

describe('which endpoints one node may use', () => {
  it('leaves out only the cases of a feature gate that cannot be off', () => {
    expect(impossible.map(({ id }) => id)).toEqual(['node-gate-off']);
    expect(possible).toHaveLength(24);
  });

  it.each(possible.map((one) => [one.id, one.title, one] as const))('%s: %s', (_id, _title, one) => {
    const port = route(one);
    const sockets = (on: 'onCluster' | 'onLocal' | 'usable') =>
      port.backends.filter((backend) => backend[on]).map(({ address, port }) => `${address}:${port}`);
    expect(sockets('onCluster'), 'cluster list').toEqual(one.expect.clusterEndpoints ?? []);
    expect(sockets('onLocal'), 'local list').toEqual(one.expect.localEndpoints ?? []);
    expect(sockets('usable'), 'both').toEqual(one.expect.allEndpoints ?? []);
    expect(port.hasEndpoints).toBe(one.expect.hasAnyEndpoints);
  });
});

function route(one: Case): ServicePort {
  const metadata = { namespace: 'demo', name: 'web' };
  const table = buildRoutingTable({
    services: [{ metadata, spec: { clusterIP: '10.96.0.9', ...one.serviceSpec } }],
    endpointSlices: [
      {
        metadata: { namespace: 'demo', name: 'web-1', labels: { 'kubernetes.io/service-name': 'web' } },
        addressType: 'IPv4',
        ports: [{ name: 'web', protocol: 'TCP', port: 8080 }],
        endpoints: one.endpoints.map(({ endpoint, ready, serving, terminating, nodeName, zoneHints, nodeHints }) => ({
          addresses: [endpoint.replace(/:8080$/, '')],
          conditions: { ready, serving, terminating },
          nodeName,
          hints: { forZones: zoneHints.map((name) => ({ name })), forNodes: nodeHints.map((name) => ({ name })) },
        })),
      },
    ],
    overrides: [],
    pods: [],
    node: { name: one.nodeName, zone: one.nodeLabels['topology.kubernetes.io/zone'] },
  });
  expect(table.problems).toEqual([]);
  return [...table.servicePorts.values()][0] as ServicePort;
}
