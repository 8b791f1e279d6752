import { Directory, type DirectoryChange } from '@kubecity/conntrack';
import type { KubePod, RoutingTable, ServicePort } from '@kubecity/routing';
import { expect, it } from 'vitest';
import { DirectoryNews } from '../src/directory.ts';
import { settle } from './hand-clock.ts';

const pod = (
  name: string,
  podIP: string,
  more: Partial<NonNullable<KubePod['status']>> = {},
  hostNetwork = false,
): KubePod => ({
  metadata: { namespace: 'shop', name, uid: `uid-${name}` },
  spec: { hostNetwork, nodeName: 'node-a' },
  status: { podIP, phase: 'Running', ...more },
});
const known = (name: string, more: object = {}) => ({
  kind: 'pod',
  uid: `uid-${name}`,
  value: {
    ...{ uid: `uid-${name}`, namespace: 'shop', name, node: 'node-a' },
    ...{ addresses: ['10.244.1.1'], hostNetwork: false, finished: false },
    ...more,
  },
});

function listen() {
  const told: (readonly DirectoryChange[])[] = [];
  return { told, news: new DirectoryNews((changes) => told.push(changes)) };
}

it('tells the last of each object once for each turn, in the order they came', async () => {
  const { told, news } = listen();
  news.setPod(pod('old', '10.244.1.1'));
  news.setPod(pod('new', '10.244.1.2'));
  news.setPod(pod('new', '10.244.1.1'));
  news.deletePod({ metadata: { namespace: 'shop', name: 'gone', uid: 'uid-gone' } });
  news.deletePod({ metadata: pod('old', '').metadata });
  await settle();
  expect(told).toEqual([[known('new'), { kind: 'pod', uid: 'uid-old', value: undefined }]]);
  expect(news.all()).toEqual([known('new')]);
});

it('is silent about changes that accounting does not look at', async () => {
  const { told, news } = listen();
  news.setPod(pod('web', '10.244.1.1'));
  await settle();
  news.setPod({ ...pod('web', '10.244.1.1'), metadata: { ...pod('web', '').metadata, labels: { a: 'b' } } });
  await settle();
  expect(told).toHaveLength(1);
});

it("knows pods by each address in one spelling, and says which are finished or have their node's", async () => {
  const { told, news } = listen();
  news.setPod(pod('dual', '10.244.1.1', { podIPs: [{ ip: '10.244.1.1' }, { ip: 'FD00:0::1' }, { ip: 'bad' }] }));
  news.setPod(pod('done', '10.244.1.1', { phase: 'Succeeded' }));
  news.setPod(pod('host', '10.244.1.1', {}, true));
  await settle();
  expect(told[0]).toEqual([
    known('dual', { addresses: ['10.244.1.1', 'fd00::1'] }),
    known('done', { finished: true }),
    known('host', { hostNetwork: true }),
  ]);
});

it('knows nodes by the addresses at which they are called', async () => {
  const { told, news } = listen();
  const node = (address: string) => ({
    metadata: { name: 'node-a' },
    status: {
      addresses: [
        { type: 'Hostname', address: 'node-a' },
        { type: 'InternalIP', address },
      ],
    },
  });
  news.setNode(node('172.18.0.2'));
  await settle();
  news.deleteNode({ metadata: { name: 'node-a' } });
  await settle();
  expect(told).toEqual([
    [{ kind: 'node', name: 'node-a', value: { name: 'node-a', addresses: ['172.18.0.2'] } }],
    [{ kind: 'node', name: 'node-a', value: undefined }],
  ]);
});

it('tells of the service ports that changed, with all their doors', async () => {
  const { told, news } = listen();
  const port = {
    ...{ key: 'shop/cart:http/TCP', protocol: 'TCP', port: 80, nodePort: 30_080 },
    ...{ clusterIP: '10.96.0.9', externalIPs: ['198.51.100.1'], loadBalancerIPs: ['203.0.113.7'] },
  } as unknown as ServicePort;
  const table = {
    servicePorts: new Map([
      ['a', port],
      ['b', port],
    ]),
    problems: [],
  } as unknown as RoutingTable;
  news.setServicePorts(table, ['a', 'never-there']);
  await settle();
  const { key, protocol } = port;
  const addresses = ['10.96.0.9', '198.51.100.1', '203.0.113.7'];
  const value = { key, protocol, port: 80, nodePort: 30_080, addresses };
  expect(told).toEqual([[{ kind: 'servicePort', id: 'a', value }]]);
  news.setServicePorts({ ...table, servicePorts: new Map() }, ['a']);
  await settle();
  expect(told[1]).toEqual([{ kind: 'servicePort', id: 'a', value: undefined }]);
});

it('says what the directory understands', async () => {
  const { told, news } = listen();
  news.setPod(pod('web', '10.244.1.1'));
  news.setNode({ metadata: { name: 'node-a' }, status: { addresses: [{ type: 'InternalIP', address: 'fd00::2' }] } });
  await settle();
  const directory = new Directory({ node: 'node-a' });
  const throughTheWire = JSON.parse(JSON.stringify(told[0])) as DirectoryChange[];
  expect(directory.apply(throughTheWire, 0)).toEqual([]);
});
