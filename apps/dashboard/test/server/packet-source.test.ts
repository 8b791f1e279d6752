import type { KubeNode, KubePod } from '@kubecity/routing';
import { expect, it } from 'vitest';
import type { CityModel } from '../../server/city-model.ts';
import { askedAt } from '../../server/packet-source.ts';
import { node, pod } from './objects.ts';

const host: KubePod = { ...pod('host', '192.0.2.1', 'node-b'), spec: { nodeName: 'node-b', hostNetwork: true } };
const dual: KubePod = {
  ...pod('dual', '10.244.1.2'),
  status: { podIP: '10.244.1.2', podIPs: [{ ip: '10.244.1.2' }, { ip: 'FD00:0::2' }] },
};
const waiting: KubePod = { ...pod('waiting', '10.244.1.9'), spec: {} };
const held: { pods: Map<string, KubePod>; nodes: Map<string, KubeNode> } = {
  pods: new Map([pod('web', '10.244.1.1'), host, dual, waiting].map((one) => [`shop/${one.metadata.name}`, one])),
  nodes: new Map(['node-a', 'node-b'].map((name) => [name, node(name)])),
};
const objects = ((kind: 'pods' | 'nodes') => held[kind]) as unknown as CityModel['objects'];
const CART = { address: '10.96.0.10', port: 80, protocol: 'TCP' } as const;
const to = { destination: '10.96.0.10', port: 80, protocol: 'TCP' };
const ask = (source: Parameters<typeof askedAt>[0]['source'], destination: typeof CART | object = CART) =>
  askedAt({ kind: 'explain', source, destination: { ...CART, ...destination } }, objects);

it.each([
  [{ kind: 'pod', uid: 'uid-web' }, {}, 'node-a', { from: 'pod', source: '10.244.1.1', ...to }],
  [
    { kind: 'pod', uid: 'uid-dual' },
    { address: 'fd00:96::0010' },
    'node-a',
    { from: 'pod', source: 'fd00::2', ...to, destination: 'fd00:96::10' },
  ],
  // It has no address of its own.
  [{ kind: 'pod', uid: 'uid-host' }, {}, 'node-b', { from: 'node', ...to }],
  [{ kind: 'node', node: 'node-b' }, {}, 'node-b', { from: 'node', ...to }],
  [
    { kind: 'outside', address: '203.0.113.7', node: 'node-b' },
    {},
    'node-b',
    { from: 'outside', source: '203.0.113.7', ...to },
  ],
] as const)('asks the node where the packet begins: %j %j', (source, destination, node, question) => {
  expect(ask(source, destination)).toEqual({ node, question: { kind: 'explain', ...question } });
});

it.each([
  [{ kind: 'pod', uid: 'uid-gone' }, {}, 'not-found', 'This pod is gone.'],
  [{ kind: 'pod', uid: 'uid-waiting' }, {}, 'not-found', 'waiting is not on a node yet.'],
  [{ kind: 'pod', uid: 'uid-web' }, { address: 'fd00:96::10' }, 'invalid-request', 'web has no address of IPv6.'],
  [{ kind: 'pod', uid: 'uid-web' }, { address: 'cart' }, 'invalid-request', 'cart is not an address.'],
  [{ kind: 'node', node: 'node-z' }, {}, 'not-found', 'There is no node node-z.'],
  [{ kind: 'outside', address: 'home', node: 'node-a' }, {}, 'invalid-request', 'home is not an address.'],
  [
    { kind: 'outside', address: 'fd00::1', node: 'node-a' },
    {},
    'invalid-request',
    'fd00::1 and 10.96.0.10 are of different families.',
  ],
] as const)('says why there is no such packet: %j %j', (source, destination, code, message) => {
  expect(ask(source, destination)).toEqual({ code, message });
});
