import type { Link } from '@kubecity/routes';
import { cleanRange, type Family } from '@kubecity/routing';
import { expect, it } from 'vitest';
import { addressFaults, failedReport, saysTheSame, turnReport } from '../../src/routes/route-report.ts';

const LINK: Link = { row: 'link', index: 2, name: 'eth0', mtu: 1500, up: true, mac: '02:00:00:00:00:01', kind: '' };
const kernel = (...held: string[]) => ({ holderOf: (address: string) => (held.includes(address) ? LINK : undefined) });
const own = (addresses: Partial<Record<Family, string>>) => ({
  node: 'node-1',
  ranges: ['10.244.1.0/24', 'fd00:1::/64'].flatMap((text) => cleanRange(text) ?? []),
  addresses: new Map(Object.entries(addresses) as [Family, string][]),
});
const BOTH = { IPv4: '192.168.1.1', IPv6: 'fd00::1' };

it('says where other nodes cannot send what is for pods of this one', () => {
  expect(addressFaults(own(BOTH), kernel('192.168.1.1', 'fd00::1'))).toEqual([]);
  expect(addressFaults(own(BOTH), kernel('fd00::1'))).toEqual([
    expect.stringMatching(/^no link of this node has its InternalIP 192\.168\.1\.1: .*--node-ip/),
  ]);
  expect(addressFaults(own({ IPv4: '192.168.1.1' }), kernel('192.168.1.1'))).toEqual([
    'node node-1 has no InternalIP of IPv6: no node has a route to its pods',
  ]);
  expect(addressFaults(undefined, kernel())).toEqual([]);
});

it('says the same of a compare whose steps were refused as the failure that follows it', () => {
  const plan = { tunnels: [], routes: [], neighbours: [], forwarding: [], peers: [] };
  const faults = ['forwarding is off'];
  const turn = turnReport('direct', { plan, refusals: ['a', 'b'] }, { at: 1, faults, repaired: undefined });
  expect(saysTheSame(failedReport(turn, new Error('a; b'), faults), turn)).toBe(true);
  expect(failedReport(turn, new Error('cannot be read'), [])).toMatchObject({ at: 1, message: 'cannot be read' });
});

it('is failing for as long as something is amiss, though every peer has its route', () => {
  const turn = {
    plan: { tunnels: [], routes: [], neighbours: [], forwarding: [], peers: [] },
    refusals: [],
  };
  const of = (faults: string[]) => turnReport('direct', turn, { at: 1, faults, repaired: undefined });
  expect([of([]).state, of(['amiss'])]).toEqual([
    'sound',
    expect.objectContaining({ state: 'failing', message: 'amiss' }),
  ]);
});
