import { describe, expect, test } from 'vitest';
import { Directory, type DirectoryChange, IP_PROTOCOL, parseWords } from '../src/index.ts';
import { nodeChange, podChange, podGone, serviceChange, serviceGone } from './city.ts';

const { tcp, udp } = IP_PROTOCOL;
const T = 1_000_000;

/** A directory of node-a that is asked by text. */
function city(...changes: DirectoryChange[]) {
  const directory = new Directory({ node: 'node-a' });
  directory.apply(changes, T);
  const number = (text: string) => {
    const { family, words } = parseWords(text);
    return directory.addresses.hold(family, words, 0);
  };
  const name = (client: { kind: string } | undefined) =>
    client && ('name' in client ? `${client.kind} ${client.name}` : client);
  return {
    directory,
    pod: (text: string, now = T, startedAt = 0) => name(directory.pod(number(text), now, startedAt)?.client),
    known: (text: string) => name(directory.known(number(text), T, 0)?.client),
    outside: (text: string) => directory.outside(number(text)).client,
    mayBePod: (text: string) => directory.mayBePod(number(text)),
    port: (protocol: number, text: string, port: number) => directory.servicePort(protocol, number(text), port),
  };
}

describe('service ports', () => {
  const CART = 'shop/cart:http/TCP';

  test('are found at each of their addresses, of both families, by protocol and port', () => {
    const { port } = city(
      serviceChange(CART, 80, ['10.96.0.10', '203.0.113.7']),
      serviceChange(CART, 80, ['fd00:96::a'], { id: `${CART}/IPv6` }),
    );
    expect(port(tcp, '10.96.0.10', 80)).toBe(CART);
    expect(port(tcp, '203.0.113.7', 80)).toBe(CART);
    expect(port(tcp, 'fd00:96::a', 80)).toBe(CART);
    expect(port(tcp, '10.96.0.10', 81)).toBeUndefined();
    expect(port(udp, '10.96.0.10', 80)).toBeUndefined();
    expect(port(tcp, '10.96.0.11', 80)).toBeUndefined();
  });

  test('are found at their node port on any address, after what listens at that very address', () => {
    const { port } = city(
      serviceChange(CART, 80, ['10.96.0.10'], { nodePort: 30080 }),
      serviceChange('shop/odd:x/TCP', 30080, ['10.96.0.11']),
    );
    expect(port(tcp, '172.18.0.9', 30080)).toBe(CART);
    expect(port(tcp, 'fd00::9', 30080)).toBe(CART);
    expect(port(tcp, '10.96.0.11', 30080)).toBe('shop/odd:x/TCP');
    expect(port(udp, '172.18.0.9', 30080)).toBeUndefined();
  });

  test.each([[['b', 'a']], [['a', 'b']]])(
    'that share a door: the first by id has it, whatever the order (%s)',
    (order) => {
      const { port, directory } = city(...order.map((id) => serviceChange(`shop/${id}:x/TCP`, 80, ['10.96.0.10'])));
      expect(port(tcp, '10.96.0.10', 80)).toBe('shop/a:x/TCP');
      directory.apply([serviceGone('shop/a:x/TCP')], T);
      expect(port(tcp, '10.96.0.10', 80)).toBe('shop/b:x/TCP');
    },
  );

  test('leave doors that they no longer have', () => {
    const { port, directory } = city(serviceChange(CART, 80, ['10.96.0.10', '203.0.113.7'], { nodePort: 30080 }));
    directory.apply([serviceChange(CART, 8080, ['10.96.0.10'])], T);
    expect(port(tcp, '10.96.0.10', 8080)).toBe(CART);
    expect(port(tcp, '10.96.0.10', 80)).toBeUndefined();
    expect(port(tcp, '203.0.113.7', 80)).toBeUndefined();
    expect(port(tcp, '172.18.0.9', 30080)).toBeUndefined();
  });
});

describe('pods', () => {
  test('are found at all their addresses', () => {
    const { pod } = city(podChange('web', 'node-a', ['10.1.0.2', 'fd00:1::2']));
    expect(pod('10.1.0.2')).toBe('pod web');
    expect(pod('fd00:1::2')).toBe('pod web');
    expect(pod('10.1.0.3')).toBeUndefined();
  });

  test('on the host network, and finished ones, have no address', () => {
    const { pod, known } = city(
      nodeChange('node-b', ['172.18.0.3']),
      podChange('proxy', 'node-b', ['172.18.0.3'], { hostNetwork: true }),
      podChange('job', 'node-b', ['10.1.0.2'], { finished: true }),
    );
    expect(pod('172.18.0.3')).toBeUndefined();
    expect(known('172.18.0.3')).toBe('node node-b');
    expect(pod('10.1.0.2')).toBeUndefined();
  });

  test('that were removed are kept for 130 s', () => {
    const { pod, directory } = city(podChange('web', 'node-a', ['10.1.0.2']));
    directory.apply([podGone('web')], T + 1000);
    expect(pod('10.1.0.2', T + 1000)).toBe('pod web');
    expect(pod('10.1.0.2', T + 130_999)).toBe('pod web');
    expect(pod('10.1.0.2', T + 131_000)).toBeUndefined();
    directory.apply([], T + 131_000);
    expect(pod('10.1.0.2', T + 130_999)).toBeUndefined();
  });

  test('that finished are kept just so', () => {
    const { pod, directory } = city(podChange('job', 'node-a', ['10.1.0.2']));
    directory.apply([podChange('job', 'node-a', ['10.1.0.2'], { finished: true })], T + 1000);
    expect(pod('10.1.0.2', T + 2000)).toBe('pod job');
    directory.apply([podGone('job')], T + 3000);
    expect(pod('10.1.0.2', T + 131_000)).toBeUndefined();
  });

  test('pass an address on to the younger, even while the older claims it', () => {
    const { pod, directory } = city(podChange('old', 'node-a', ['10.1.0.2']));
    directory.apply([podChange('new', 'node-a', ['10.1.0.2'])], T + 1000);
    expect(pod('10.1.0.2', T + 1000)).toBe('pod new');
    directory.apply([podChange('old', 'node-a', ['10.1.0.2'])], T + 2000);
    expect(pod('10.1.0.2', T + 2000)).toBe('pod new');
    directory.apply([podGone('old')], T + 3000);
    expect(pod('10.1.0.2', T + 500_000)).toBe('pod new');
    directory.apply([podGone('new')], T + 600_000);
    expect(pod('10.1.0.2', T + 800_000)).toBeUndefined();
  });

  test('have the flows that began before the address passed on, while they are known', () => {
    const { pod, directory } = city(podChange('old', 'node-a', ['10.1.0.2']));
    directory.apply([podGone('old')], T + 1000);
    directory.apply([podChange('new', 'node-a', ['10.1.0.2'])], T + 5000);
    expect(pod('10.1.0.2', T + 6000, T + 500)).toBe('pod old');
    // It has begun before we were told of the new one, but after the end of the old.
    expect(pod('10.1.0.2', T + 6000, T + 4000)).toBe('pod new');
    expect(pod('10.1.0.2', T + 6000, 0)).toBe('pod new');
    expect(pod('10.1.0.2', T + 140_000, T + 500)).toBe('pod new');
  });

  test('are told by name where they run when that is known later', () => {
    const { directory } = city(podChange('web', '', ['10.1.0.2'], { node: undefined }));
    const { family, words } = parseWords('10.1.0.2');
    const address = directory.addresses.find(family, words, 0);
    expect(directory.pod(address, T, 0)?.node).toBeUndefined();
    directory.apply([podChange('web', 'node-a', ['10.1.0.2'])], T);
    expect(directory.pod(address, T, 0)?.node).toBe('node-a');
  });

  test('with an address that is none are named, and everything else goes on', () => {
    const { directory, pod } = city();
    expect(
      directory.apply([podChange('web', 'node-a', ['10.1.0.300']), podChange('api', 'node-a', ['10.1.0.3'])], T),
    ).toEqual(['pod web: addresses: no address: "10.1.0.300"']);
    expect(pod('10.1.0.3')).toBe('pod api');
  });
});

describe('others', () => {
  test('nodes have the addresses that they are told with', () => {
    const { known, directory } = city(nodeChange('node-b', ['172.18.0.3', 'fd00::3']));
    expect(known('172.18.0.3')).toBe('node node-b');
    expect(known('fd00::3')).toBe('node node-b');
    directory.apply([nodeChange('node-b', ['172.18.0.4']), nodeChange('node-c', ['172.18.0.3'])], T);
    expect(known('172.18.0.3')).toBe('node node-c');
    directory.apply([{ kind: 'node', name: 'node-b', value: undefined }], T);
    expect(known('172.18.0.4')).toBeUndefined();
  });

  test('who calls from a loopback address is this node', () => {
    const { known } = city();
    expect(known('127.0.0.1')).toBe('node node-a');
    expect(known('::1')).toBe('node node-a');
    expect(known('128.0.0.1')).toBeUndefined();
    expect(known('::2')).toBeUndefined();
  });

  test('outside clients are grouped by network, of a size that may be set', () => {
    const { outside } = city();
    expect(outside('203.0.113.77')).toEqual({ kind: 'outside', network: '203.0.113.0/24' });
    expect(outside('2001:db8:1:2::3')).toEqual({ kind: 'outside', network: '2001:db8:1::/48' });
    const fine = new Directory({ node: 'node-a', networks: { 4: 32, 6: 0 } });
    const { words } = parseWords('203.0.113.77');
    expect(fine.outside(fine.addresses.hold(4, words, 0)).client).toEqual({
      kind: 'outside',
      network: '203.0.113.77/32',
    });
    expect(fine.outside(fine.addresses.hold(6, parseWords('2001:db8::1').words, 0)).client).toEqual({
      kind: 'outside',
      network: '::/0',
    });
  });

  test('an address may be a pod of whom we have not heard while pods live in its network', () => {
    const { mayBePod, directory } = city(podChange('web', 'node-a', ['10.1.0.2']));
    expect(mayBePod('10.1.0.200')).toBe(true);
    expect(mayBePod('10.1.1.200')).toBe(false);
    directory.apply([podGone('web')], T);
    directory.apply([], T + 130_000);
    expect(mayBePod('10.1.0.200')).toBe(false);
  });

  test('addresses that nobody has are let go', () => {
    const { directory } = city();
    const before = directory.addresses.size;
    directory.apply(
      [
        podChange('web', 'node-a', ['10.1.0.2', 'fd00:1::2']),
        podChange('web', 'node-b', ['10.1.0.2', 'fd00:1::3']),
        serviceChange('shop/cart:http/TCP', 80, ['10.96.0.10']),
        serviceChange('shop/cart:http/TCP', 80, ['10.96.0.11']),
        nodeChange('node-b', ['172.18.0.3']),
        nodeChange('node-b', ['172.18.0.3']),
      ],
      T,
    );
    expect(directory.addresses.size).toBe(before + 5);
    directory.apply(
      [podGone('web'), serviceGone('shop/cart:http/TCP'), { kind: 'node', name: 'node-b', value: undefined }],
      T,
    );
    directory.apply([], T + 130_000);
    expect(directory.addresses.size).toBe(before);
  });
});
