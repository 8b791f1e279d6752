import { packAddress, packEndpoint, STATUS } from '@kubecity/conntrack';
import { FakeUdpTable } from '@kubecity/netlink/testing';
import type { Family, RoutingTable } from '@kubecity/routing';
import { beforeEach, describe, expect, test, vi } from 'vitest';
import { ConntrackCare } from '../src/conntrack-care.ts';
import { HandClock } from './hand-clock.ts';
import { tableOf, udpPort } from './udp-service.ts';

const VIP = '10.96.0.10';
const SIX = { id: 'dns/six:/UDP/IPv6', family: 'IPv6' as const };
const full = tableOf(udpPort('a', VIP, ['10.2.0.5', '10.2.0.6']));
const fewer = tableOf(udpPort('a', VIP, ['10.2.0.5']));
const MINUTE = 60_000;

let udp: FakeUdpTable;
let clock: HandClock;
let care: ConntrackCare;
const log = { info: vi.fn(), warn: vi.fn() };
let deleted: [Family, number][];
let timed: Family[];

beforeEach(() => {
  vi.clearAllMocks();
  udp = new FakeUdpTable();
  clock = new HandClock();
  deleted = [];
  timed = [];
  care = new ConntrackCare({
    ...{ udp, clock, log },
    metrics: {
      deleted: (family, entries) => deleted.push([family, entries]),
      syncSeconds: (family) => timed.push(family),
    },
    nodeAddresses: (family) => (family === 'IPv4' ? ['192.168.10.11'] : []),
  });
});

/** A translated flow in the table. */
const add = (to: string, by: string, family: Family = 'IPv4') =>
  udp.add(family, {
    ...{ protocol: 17, destination: packAddress(to), destinationPort: 53, answerer: packEndpoint(by, 5353) },
    ...{ status: STATUS.destinationNat, zone: 0 },
  });
const left = (family: Family = 'IPv4') => udp.entries[family].map(({ answerer }) => answerer);
/** Begins with a table, its first pass done. */
async function begin(first: RoutingTable): Promise<void> {
  care.synced({ after: first });
  await clock.advance(0);
  udp.selections.length = 0;
  deleted.length = 0;
}

describe('a pass', () => {
  test('follows the first sync: endpoints may have gone while no agent ran', async () => {
    add(VIP, '10.2.0.5');
    add(VIP, '10.2.0.99');
    care.synced({ after: full });
    expect(udp.selections, 'the sync does not wait').toEqual([]);
    await clock.advance(0);
    expect(left()).toEqual([packEndpoint('10.2.0.5', 5353)]);
    expect(deleted).toEqual([['IPv4', 1]]);
    expect(timed).toEqual(['IPv4']);
    expect(log.info).toHaveBeenCalledTimes(1);
  });

  test('follows a change that may leave stale entries, in the family that changed', async () => {
    const six = udpPort('six', 'fd00::a', ['fd00::5'], SIX);
    await begin(tableOf(...full.servicePorts.values(), six));
    add(VIP, '10.2.0.6');
    care.synced({
      before: tableOf(...full.servicePorts.values(), six),
      after: tableOf(...fewer.servicePorts.values(), six),
      changed: ['dns/a:/UDP'],
    });
    await clock.advance(5_000);
    expect(udp.selections).toEqual(['IPv4']);
    expect(left()).toEqual([]);
  });

  test('does not follow other changes', async () => {
    await begin(fewer);
    care.synced({ before: fewer, after: full });
    care.synced({ before: full, after: full, changed: [] });
    const tcp = udpPort('t', '10.96.0.9', ['10.2.0.5'], { id: 'dns/t:/TCP', protocol: 'TCP' });
    care.synced({ before: tableOf(tcp), after: full, changed: ['dns/t:/TCP'] });
    await clock.advance(4 * MINUTE);
    expect(udp.selections).toEqual([]);
  });

  test('deletes all entries of a Service without endpoints, and those of one that vanished', async () => {
    const before = tableOf(udpPort('a', VIP, ['10.2.0.5']), udpPort('b', '10.96.0.11', ['10.2.0.7']));
    await begin(before);
    add(VIP, '10.2.0.5');
    add('10.96.0.11', '10.2.0.7');
    const foreign = add('10.96.0.11', '10.9.9.9');
    care.synced({ before, after: tableOf(udpPort('a', VIP, [])) });
    await clock.advance(2_000);
    expect(left()).toEqual([foreign.answerer]);
    expect(deleted).toEqual([['IPv4', 2]]);
  });

  test('knows the endpoints of every change that it has not followed yet', async () => {
    await begin(full);
    add(VIP, '10.2.0.6');
    // At once: first the endpoint goes, then the Service.
    care.synced({ before: full, after: fewer });
    care.synced({ before: fewer, after: tableOf() });
    await clock.advance(2_000);
    expect(left()).toEqual([]);
    expect(udp.selections).toEqual(['IPv4']);
  });

  test('forgets former doors once it has succeeded', async () => {
    await begin(full);
    care.synced({ before: full, after: tableOf() });
    await clock.advance(2_000);
    add(VIP, '10.2.0.5');
    const other = udpPort('c', '10.96.0.12', ['10.2.0.8']);
    care.synced({ before: tableOf(), after: tableOf(other) });
    await clock.advance(2_000);
    expect(left()).toHaveLength(1);
  });

  test('spares flows to endpoints that are just being written', async () => {
    await begin(fewer);
    add(VIP, '10.2.0.7');
    const coming = tableOf(udpPort('a', VIP, ['10.2.0.7']));
    const release = udp.hold();
    care.synced({ before: full, after: fewer });
    await clock.advance(2_000);
    expect(udp.selections, 'looked at before anybody knew').toEqual(['IPv4']);
    care.writing(coming);
    release();
    await clock.advance(0);
    expect(left()).toHaveLength(1);
    care.synced({ before: fewer, after: coming });
    await clock.advance(2_000);
    expect(left()).toHaveLength(1);
  });
});

describe('passes', () => {
  test('come one a second at most, however many changes', async () => {
    await begin(full);
    for (let n = 0; n < 30; n += 1) {
      care.synced({ before: full, after: fewer });
      await clock.advance(100);
    }
    await clock.advance(10_000);
    expect(udp.selections).toHaveLength(3);
  });

  test('come every five minutes as a safety net, while there are UDP service ports', async () => {
    await begin(tableOf(...full.servicePorts.values(), udpPort('six', 'fd00::a', ['fd00::5'], SIX)));
    add(VIP, '10.2.0.99');
    await clock.advance(5 * MINUTE);
    expect(udp.selections).toEqual(['IPv4', 'IPv6']);
    expect(left()).toEqual([]);
    await clock.advance(10 * MINUTE);
    expect(udp.selections).toHaveLength(6);
  });

  test('do not come at all without UDP service ports', async () => {
    await begin(tableOf());
    care.synced({ before: tableOf(), after: tableOf() });
    await clock.advance(60 * MINUTE);
    expect(udp.selections).toEqual([]);
  });

  test('end when it is stopped', async () => {
    await begin(full);
    await care.stop();
    care.synced({ before: full, after: fewer });
    await clock.advance(60 * MINUTE);
    expect(udp.selections).toEqual([]);
  });
});

describe('after a failure', () => {
  test('it tries again after a pause that doubles, and still knows the former doors', async () => {
    await begin(full);
    add(VIP, '10.2.0.5');
    udp.failNext('timeout', 'timeout', 'timeout');
    care.synced({ before: full, after: tableOf() });
    await clock.advance(1_000);
    expect(udp.selections).toHaveLength(1);
    await clock.advance(1_000);
    expect(udp.selections).toHaveLength(2);
    await clock.advance(1_999);
    expect(udp.selections).toHaveLength(2);
    await clock.advance(1);
    expect(udp.selections).toHaveLength(3);
    expect(left()).toHaveLength(1);
    await clock.advance(4_000);
    expect(left()).toEqual([]);
    expect(log.warn.mock.calls.map(([{ failures }]) => failures)).toEqual([1, 2, 3]);
    expect(log.warn.mock.calls[0]?.[0].err.message).toMatch(/^IPv4: conntrack dump: .*timeout/);
  });

  test('of one family the other is done, and only the first is repeated', async () => {
    const both = tableOf(...full.servicePorts.values(), udpPort('six', 'fd00::a', ['fd00::5'], SIX));
    await begin(both);
    add('fd00::a', 'fd00::5', 'IPv6');
    udp.failNext('permission');
    care.synced({ before: both, after: tableOf() });
    await clock.advance(1_000);
    expect(left('IPv6')).toEqual([]);
    await clock.advance(1_000);
    expect(udp.selections).toEqual(['IPv4', 'IPv6', 'IPv4']);
  });

  test('an interrupted dump deletes what it saw, and is repeated', async () => {
    await begin(full);
    add(VIP, '10.2.0.6');
    udp.interruptNext();
    care.synced({ before: full, after: fewer });
    await clock.advance(1_000);
    expect(left()).toEqual([]);
    expect(log.warn).toHaveBeenCalledTimes(1);
    await clock.advance(1_000);
    expect(udp.selections).toHaveLength(2);
  });
});
