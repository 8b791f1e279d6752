import type { PolicyPod } from '@kubecity/isolation';
import { expect, it } from 'vitest';
import { trimLabelledNamespace, trimNamespace, trimPod, trimPolicyPod } from '../src/trimming.ts';

const POD = {
  metadata: {
    ...{ namespace: 'shop', name: 'web', uid: 'u', resourceVersion: '7', labels: { app: 'web' } },
    ...{ annotations: { big: 'text' }, deletionTimestamp: '2026-01-01T00:00:00Z', managedFields: [{}] },
  },
  spec: {
    ...{ nodeName: 'node-a', volumes: [{}] },
    containers: [
      {
        ...{ name: 'main', image: 'i', env: [{}] },
        ports: [
          { name: 'http', containerPort: 8080, protocol: 'TCP', hostPort: 0 },
          { containerPort: 9090, protocol: 'TCP' },
        ],
      },
      { name: 'helper', image: 'i' },
    ],
    initContainers: [
      { name: 'once', ports: [{ name: 'never', containerPort: 1 }] },
      { name: 'mesh', restartPolicy: 'Always', image: 'i', ports: [{ name: 'proxy', containerPort: 15_001 }] },
    ],
  },
  status: { phase: 'Running', podIP: '10.244.1.2', podIPs: [{ ip: '10.244.1.2' }], conditions: [{}] },
} as unknown as PolicyPod;

it('of pods, routing keeps no containers; policies read named ports, sidecars, and who is leaving', () => {
  const { spec, metadata } = trimPod(POD);
  expect(spec).toEqual({ nodeName: 'node-a' });
  expect(metadata).toEqual({ namespace: 'shop', name: 'web', uid: 'u', resourceVersion: '7', labels: { app: 'web' } });
  expect(trimPolicyPod(POD)).toEqual({
    ...trimPod(POD),
    metadata: { ...metadata, deletionTimestamp: '2026-01-01T00:00:00Z' },
    spec: {
      nodeName: 'node-a',
      containers: [{ ports: [{ name: 'http', containerPort: 8080, protocol: 'TCP' }] }],
      initContainers: [{ restartPolicy: 'Always', ports: [{ name: 'proxy', containerPort: 15_001 }] }],
    },
  });
});

it('labels of namespaces are kept where policies select by them', () => {
  const namespace = { metadata: { name: 'shop', labels: { team: 'a' }, annotations: { other: 'x' } } };
  expect(trimNamespace(namespace)).toEqual({ metadata: { name: 'shop' } });
  expect(trimLabelledNamespace(namespace)).toEqual({ metadata: { name: 'shop', labels: { team: 'a' } } });
});
