import { afterEach, beforeEach, expect, test } from 'vitest';
import { type Api, service, startApi } from './api-client.ts';

let api: Api;
beforeEach(async () => {
  api = await startApi({ serviceCidr: '10.96.0.0/24' });
});
afterEach(() => api.close());

const SERVICES = '/api/v1/namespaces/default/services';
const create = (name: string, spec: object) => api.call('POST', SERVICES, service(name, spec));

test('defaults are Kubernetes’ own', async () => {
  const { body } = await create('web', { ports: [{ port: 80 }] });
  expect(body.spec).toEqual({
    selector: { app: 'web' },
    ports: [{ port: 80, protocol: 'TCP', targetPort: 80 }],
    type: 'ClusterIP',
    sessionAffinity: 'None',
    internalTrafficPolicy: 'Cluster',
    ipFamilies: ['IPv4'],
    ipFamilyPolicy: 'SingleStack',
    clusterIP: '10.96.0.16',
    clusterIPs: ['10.96.0.16'],
  });
});

test('every Service gets its own address until the range is used up, and a freed one serves again', async () => {
  const addresses = new Set<string>();
  for (let index = 0; index < 254; index++) addresses.add((await create(`s${index}`, {})).body.spec.clusterIP);
  expect(addresses.size).toBe(254);
  const full = await create('one-more', {});
  expect(full).toMatchObject({ code: 500, body: { reason: 'InternalError' } });
  expect(full.body.message).toContain('range is full');
  await api.call('DELETE', `${SERVICES}/s7`);
  expect((await create('one-more', {})).code).toBe(201);
});

test('NodePort and LoadBalancer get node ports, ClusterIP loses them', async () => {
  const { body } = await create('np', {
    type: 'NodePort',
    ports: [
      { name: 'a', port: 80 },
      { name: 'b', port: 81 },
    ],
  });
  const ports = body.spec.ports.map((port: { nodePort: number }) => port.nodePort);
  expect(new Set(ports).size).toBe(2);
  for (const port of ports) expect(port).toBeGreaterThanOrEqual(30_000);
  const back = await api.call(
    'PATCH',
    `${SERVICES}/np`,
    { spec: { type: 'ClusterIP', externalTrafficPolicy: null } },
    'application/merge-patch+json',
  );
  expect(back.code).toBe(200);
  for (const port of back.body.spec.ports) expect(port).not.toHaveProperty('nodePort');
});

test('a PUT without the allocated fields keeps them', async () => {
  const { body } = await create('web', {});
  const { clusterIP, clusterIPs: _, ...spec } = body.spec;
  const { body: put } = await api.call('PUT', `${SERVICES}/web`, { ...body, spec: { ...spec, ports: [{ port: 90 }] } });
  expect(put.spec).toMatchObject({ clusterIP, ports: [{ port: 90 }] });
});

test('headless stays headless, ExternalName gets no address', async () => {
  expect((await create('hl', { clusterIP: 'None', ports: [] })).body.spec).toMatchObject({
    clusterIP: 'None',
    clusterIPs: ['None'],
  });
  const external = await create('ext', { type: 'ExternalName', externalName: 'example.org', ports: [] });
  expect(external.body.spec).not.toHaveProperty('clusterIP');
});

const refused: [string, object, string, string][] = [
  ['no ports', { ports: [] }, 'spec.ports', 'Required value'],
  ['port 0', { ports: [{ port: 0 }] }, 'spec.ports[0].port', 'must be between 1 and 65535, inclusive'],
  ['port 70000', { ports: [{ port: 70_000 }] }, 'spec.ports[0].port', 'must be between 1 and 65535, inclusive'],
  ['bad target', { ports: [{ port: 80, targetPort: 'Not_A_Name' }] }, 'spec.ports[0].targetPort', 'must contain only'],
  [
    'protocol',
    { ports: [{ port: 80, protocol: 'ICMP' }] },
    'spec.ports[0].protocol',
    'supported values: "SCTP", "TCP", "UDP"',
  ],
  ['nameless', { ports: [{ port: 80 }, { port: 81, name: 'b' }] }, 'spec.ports[0].name', 'Required value'],
  [
    'same names',
    {
      ports: [
        { port: 80, name: 'a' },
        { port: 81, name: 'a' },
      ],
    },
    'spec.ports[1].name',
    'Duplicate value: "a"',
  ],
  [
    'same ports',
    {
      ports: [
        { port: 80, name: 'a' },
        { port: 80, name: 'b' },
      ],
    },
    'spec.ports[1]',
    'Duplicate value',
  ],
  ['type', { type: 'Magic' }, 'spec.type', 'Unsupported value: "Magic"'],
  ['affinity', { sessionAffinity: 'Cookie' }, 'spec.sessionAffinity', 'Unsupported value'],
  ['foreign address', { clusterIP: '192.168.0.1' }, 'spec.clusterIPs[0]', 'The range of valid IPs is 10.96.0.0/24'],
  ['no address', { clusterIP: 'ten' }, 'spec.clusterIPs[0]', 'must be a valid IP address'],
  ['IPv6', { ipFamilies: ['IPv6'] }, 'spec.ipFamilies[0]', 'not configured on this cluster'],
  ['dual stack', { ipFamilyPolicy: 'RequireDualStack' }, 'spec.ipFamilyPolicy', 'not configured for dual-stack'],
  ['node port', { ports: [{ port: 80, nodePort: 30_000 }] }, 'spec.ports[0].nodePort', 'may not be used when'],
  ['low node port', { type: 'NodePort', ports: [{ port: 80, nodePort: 80 }] }, 'spec.ports[0].nodePort', '30000-32767'],
];

test.each(refused)('refuses %s', async (_, spec, field, words) => {
  const { code, body } = await create('bad', spec);
  expect(code).toBe(422);
  expect(body).toMatchObject({ reason: 'Invalid', details: { kind: 'Service', name: 'bad' } });
  const cause = body.details.causes.find((one: { field: string }) => one.field === field);
  expect(cause?.message).toContain(words);
  expect(body.message).toContain(`${field}: ${cause.message}`);
});

test('an address or node port that is taken is refused, and a given one may not change', async () => {
  await create('first', { type: 'NodePort', clusterIP: '10.96.0.9', ports: [{ port: 80, nodePort: 30_100 }] });
  const second = await create('second', {
    type: 'NodePort',
    clusterIP: '10.96.0.9',
    ports: [{ port: 80, nodePort: 30_100 }],
  });
  expect(second.body.message).toContain('provided IP is already allocated');
  expect(second.body.message).toContain('provided port is already allocated');
  const moved = await api.call(
    'PATCH',
    `${SERVICES}/first`,
    { spec: { clusterIP: '10.96.0.10', clusterIPs: ['10.96.0.10'] } },
    'application/merge-patch+json',
  );
  expect(moved.body.message).toContain('may not change once set');
});
