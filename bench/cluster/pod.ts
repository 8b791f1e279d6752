import { NODE } from '../routing/world.ts';

/** A pod as a Deployment makes it on a real cluster: 4 kB as JSON, of which routing and accounting use 250 bytes. */
export function pod(index: number, { services, endpoints }: { readonly services: number; readonly endpoints: number }) {
  const service = Math.floor(index / endpoints) % services;
  const app = `service-${String(service).padStart(5, '0')}`;
  const name = `${app}-${index % endpoints}`;
  const address = `10.${128 + (index >> 16)}.${(index >> 8) & 255}.${index & 255}`;
  const node = Math.floor(index / 100) + 1;
  const image = `registry.example.org/team/${app}:v1.42.${index % 7}`;
  const env = Array.from({ length: 12 }, (_, i) => ({ name: `SETTING_${i}`, value: `value-of-setting-${i}-${app}` }));
  const probe = { httpGet: { path: '/healthz', port: 8080, scheme: 'HTTP' }, timeoutSeconds: 1, periodSeconds: 10 };
  const mount = { name: 'kube-api-access', mountPath: '/var/run/secrets/kubernetes.io/serviceaccount', readOnly: true };
  const condition = (type: string) => ({
    type,
    status: 'True',
    lastProbeTime: null,
    lastTransitionTime: '2026-11-23T12:00:00Z',
  });
  return {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: {
      name,
      namespace: `team-${String(service % 50).padStart(2, '0')}`,
      uid: `0000000d-0000-4000-8000-0000${index.toString(16).padStart(8, '0')}`,
      creationTimestamp: '2026-11-23T12:00:00Z',
      labels: { app, 'pod-template-hash': '5d4f8c7b9', version: `v${index % 3}`, team: `team-${service % 50}` },
      annotations: { 'prometheus.io/scrape': 'true', 'prometheus.io/port': '9090', checksum: 'c'.repeat(64) },
      managedFields: ['kube-controller-manager', 'kubelet'].map((manager) => ({
        manager,
        operation: 'Update',
        apiVersion: 'v1',
        time: '2026-11-23T12:00:00Z',
        fieldsType: 'FieldsV1',
        fieldsV1: Object.fromEntries(
          env.map(({ name: field }) => [`f:${field}`, { '.': {}, 'f:name': {}, 'f:value': {} }]),
        ),
      })),
    },
    spec: {
      nodeName: node === 1 ? NODE : `node-${String(node).padStart(4, '0')}`,
      serviceAccountName: app,
      volumes: [{ name: 'kube-api-access', projected: { sources: [{ serviceAccountToken: { path: 'token' } }] } }],
      containers: [{ name: 'main', image, env, livenessProbe: probe, readinessProbe: probe, volumeMounts: [mount] }],
      tolerations: [{ key: 'node.kubernetes.io/not-ready', operator: 'Exists', effect: 'NoExecute' }],
    },
    status: {
      phase: 'Running',
      podIP: address,
      podIPs: [{ ip: address }],
      hostIP: '172.18.0.1',
      conditions: ['Initialized', 'Ready', 'ContainersReady', 'PodScheduled'].map(condition),
      containerStatuses: [
        { name: 'main', image, imageID: `${image}@sha256:${'a'.repeat(64)}`, ready: true, restartCount: 0 },
      ],
    },
  };
}
