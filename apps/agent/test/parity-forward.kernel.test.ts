import { ipset, iptables } from '@kubecity/netfilter';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { removeRules } from '../src/rules/cleanup.ts';
import { Lab, NODE_ADDRESS, tool } from './lab/lab.ts';
import { OPTIONS, RuleWorld, service, slice } from './rule-world.ts';

const lab = new Lab();
const world = new RuleWorld(iptables(), ipset(), OPTIONS);

beforeAll(async () => {
  lab.addHost('p1', '10.244.1.1');
  lab.addHost('outside', '192.0.2.10');
  await lab.serve('p1', 8080);
  tool('iptables -P FORWARD DROP');
  world.tracker.setService(
    service('cart', '10.96.0.10', { type: 'NodePort', ports: [{ name: 'http', port: 80, nodePort: 30_010 }] }),
  );
  world.tracker.setEndpointSlice(slice('cart', '10.244.1.1'));
});
afterAll(async () => {
  tool('iptables -P FORWARD ACCEPT');
  await removeRules([iptables()], ipset());
  await lab.close();
});

it('rewritten connections and their answers pass a FORWARD that drops, and nothing else does', async () => {
  const served = { [`p1 ${NODE_ADDRESS}`]: 3 };
  await world.syncOnce();
  expect(await lab.call('outside', '10.96.0.10', 80, 3)).toEqual(served);
  expect(await lab.call('outside', NODE_ADDRESS, 30_010, 3)).toEqual(served);
  expect(await lab.call('p1', '10.96.0.10', 80, 3), 'to itself').toEqual(served);
  expect(await lab.call('outside', '10.244.1.1', 8080, 1)).toEqual({ ETIMEDOUT: 1 });
});

it('a packet that conntrack does not know goes no further', async () => {
  const connection = await lab.open('outside', '10.96.0.10', 80);
  expect(await connection.ask()).toBe(`p1 ${NODE_ADDRESS}`);
  const dropped = () => Number(/^ *(\d+) .*DROP.*INVALID/m.exec(tool('iptables -t filter -nvxL CITY-FORWARD'))?.[1]);
  expect(dropped()).toBe(0);
  // Without this the kernel takes a packet from the middle of a connection for its beginning.
  tool('sysctl -qw net.netfilter.nf_conntrack_tcp_loose=0');
  tool('conntrack -F');
  void connection.ask();
  await vi.waitFor(() => expect(dropped()).toBeGreaterThan(0), { timeout: 10_000, interval: 50 });
  connection.close();
});
