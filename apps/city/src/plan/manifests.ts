import type { CityPlan, NodePlan } from './city-plan.ts';
import { type ClientPlan, type Server, type ServicePlan, targetPorts } from './shop.ts';

/** The one image that the city's nodes can run: src/workload. */
export const WORKLOAD_IMAGE = 'kubecity/workload';
/** What a pod gets to finish what it has open. */
const GRACE_SECONDS = 10;

export function nodeManifest({ name, zone, podCIDR }: NodePlan) {
  return {
    apiVersion: 'v1',
    kind: 'Node',
    metadata: {
      name,
      labels: {
        'kubernetes.io/hostname': name,
        'kubernetes.io/os': 'linux',
        'topology.kubernetes.io/region': 'city',
        'topology.kubernetes.io/zone': zone,
      },
    },
    spec: { podCIDR, podCIDRs: [podCIDR] },
  };
}

export function namespaceManifests({ services }: CityPlan) {
  return [...new Set(services.map(({ namespace }) => namespace))].map((name) => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name },
  }));
}

export function serviceManifest({ namespace, name, server, port }: ServicePlan) {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace, name, labels: { app: name } },
    spec: {
      selector: { app: name },
      ports: [{ name: portNames[server], protocol: protocolOf(server), port, targetPort: targetPorts[server] }],
    },
  };
}

const portNames = { http: 'http', lines: 'tcp', lookup: 'udp' } as const;
const protocolOf = (server: Server) => (server === 'lookup' ? 'UDP' : 'TCP');

const containerPorts = (server: Server | undefined) =>
  server === undefined
    ? []
    : [{ name: portNames[server], containerPort: targetPorts[server], protocol: protocolOf(server) }];

/** The Deployment of a Service and, where one is planned, that of its faulty pod. */
export function deploymentManifests(service: ServicePlan) {
  const { name, replicas, server, faultyPod } = service;
  const sound = deployment(service, { name, version: 'v1', replicas, server });
  if (faultyPod === undefined) return [sound];
  return [sound, deployment(service, { name: `${name}-v2`, version: 'v2', replicas: 1, server, fault: faultyPod })];
}

export const clientManifest = (client: ClientPlan) =>
  deployment(client, { name: client.name, version: 'v1', replicas: 1 });

interface Run {
  readonly name: string;
  readonly version: string;
  readonly replicas: number;
  readonly server?: Server;
  readonly fault?: string;
}

function deployment({ namespace, name: app, calls }: ClientPlan, { name, version, replicas, server, fault }: Run) {
  const labels = { app, version };
  const env = [
    { name: 'SERVE', value: server === undefined ? '' : `${server}:${targetPorts[server]}` },
    { name: 'CALLS', value: calls.join('; ') },
    { name: 'FAULT', value: fault ?? '' },
  ].filter(({ value }) => value !== '');
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { namespace, name, labels },
    spec: {
      replicas,
      selector: { matchLabels: labels },
      template: {
        metadata: { labels },
        spec: {
          terminationGracePeriodSeconds: GRACE_SECONDS,
          containers: [{ name: 'workload', image: WORKLOAD_IMAGE, env, ports: containerPorts(server) }],
        },
      },
    },
  };
}
