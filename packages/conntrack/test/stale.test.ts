import type { ServicePort } from '@kubecity/routing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Doors, isStale, mayLeaveStale, packAddress, STATUS, type StaleRules, servingBackends } from '../src/index.ts';
import { backend, flow, servicePort } from './udp.ts';

const NODE = '192.168.10.11';
const OTHER_NODE = '192.168.10.12';
const UNTRANSLATED = { status: STATUS.confirmed };

function rules(current: readonly ServicePort[], former: readonly ServicePort[] = []): StaleRules {
  const doors = { current: new Doors(), former: new Doors() };
  for (const each of current) doors.current.add(each, servingBackends(each));
  for (const each of former) doors.former.add(each, each.backends);
  return { ...doors, nodeAddresses: new Set([NODE, '127.0.0.1'].map(packAddress)) };
}

const dns = servicePort({
  ...{ nodePort: 30_053, loadBalancerIPs: ['203.0.113.5'], externalIPs: ['198.51.100.7'] },
  backends: [
    backend('10.2.0.5'),
    backend('10.2.0.6', 5353, { ready: false, terminating: true }),
    backend('10.2.0.7', 5353, { ready: false, serving: false }),
  ],
});
const empty = servicePort({ clusterIP: '10.96.0.20', nodePort: 30_054 });

describe('entries to a door of today', () => {
  const stale = (...words: Parameters<typeof flow>) => isStale(flow(...words), rules([dns, empty]));

  test.each<[string, [string, number]]>([
    ['cluster IP', ['10.96.0.10', 53]],
    ['load balancer address', ['203.0.113.5', 53]],
    ['external IP', ['198.51.100.7', 53]],
    ['node port', [NODE, 30_053]],
    ['node port on loopback', ['127.0.0.1', 30_053]],
  ])('%s: stale unless what answers serves', (_door, to) => {
    expect(stale(to, ['10.2.0.5', 5353]), 'ready').toBe(false);
    expect(stale(to, ['10.2.0.6', 5353]), 'terminating, but serving').toBe(false);
    expect(stale(to, ['10.2.0.7', 5353]), 'neither').toBe(true);
    expect(stale(to, ['10.2.0.5', 5354]), 'another port of it').toBe(true);
    expect(stale(to, ['10.2.0.99', 5353]), 'gone').toBe(true);
    expect(stale(to, to, UNTRANSLATED), 'never translated').toBe(true);
    expect(stale(to, ['10.2.0.99', 5353], { protocol: 6 }), 'TCP').toBe(false);
    expect(stale(to, ['10.2.0.99', 5353], { protocol: 132 }), 'SCTP').toBe(false);
  });

  test('of other ports and addresses are not ours', () => {
    expect(stale(['10.96.0.10', 54], ['10.2.0.99', 5353])).toBe(false);
    expect(stale(['10.96.0.11', 53], ['10.2.0.99', 5353])).toBe(false);
    expect(stale(['10.96.0.10', 30_053], ['10.96.0.10', 30_053], UNTRANSLATED)).toBe(false);
    expect(stale([NODE, 53], [NODE, 53], UNTRANSLATED)).toBe(false);
  });

  test("a node port's number at another address counts only when translated", () => {
    expect(stale([OTHER_NODE, 30_053], [OTHER_NODE, 30_053], UNTRANSLATED), 'passing by').toBe(false);
    expect(stale([OTHER_NODE, 30_053], ['10.2.0.99', 5353]), 'the node had that address').toBe(true);
    expect(stale([OTHER_NODE, 30_053], ['10.2.0.5', 5353])).toBe(false);
  });

  test('of a Service without endpoints are stale when translated', () => {
    for (const to of [['10.96.0.20', 53] as const, [NODE, 30_054] as const]) {
      expect(stale([...to], ['10.2.0.5', 5353])).toBe(true);
      expect(stale([...to], [...to], UNTRANSLATED), 'the rules would not translate it').toBe(false);
    }
  });

  test('never translated in another zone: that is how it has to be there', () => {
    expect(stale(['10.96.0.10', 53], ['10.96.0.10', 53], { ...UNTRANSLATED, zone: 4 })).toBe(false);
    expect(stale(['10.96.0.10', 53], ['10.2.0.99', 5353], { zone: 4 })).toBe(true);
  });

  test('that two Services claim: right if either says so', () => {
    const twin = servicePort({
      clusterIP: '10.96.0.30',
      externalIPs: dns.externalIPs,
      backends: [backend('10.2.9.9')],
    });
    const both = rules([dns, twin]);
    expect(isStale(flow(['198.51.100.7', 53], ['10.2.9.9', 5353]), both)).toBe(false);
    expect(isStale(flow(['198.51.100.7', 53], ['10.2.0.5', 5353]), both)).toBe(false);
    expect(isStale(flow(['10.96.0.10', 53], ['10.2.9.9', 5353]), both)).toBe(true);
  });
});

describe('entries to a former door', () => {
  test('are stale when an endpoint that we had there answers', () => {
    const gone = rules([], [dns]);
    for (const to of [['10.96.0.10', 53] as const, ['203.0.113.5', 53] as const, [NODE, 30_053] as const]) {
      expect(isStale(flow([...to], ['10.2.0.5', 5353]), gone)).toBe(true);
      expect(isStale(flow([...to], ['10.2.0.7', 5353]), gone), 'not serving then').toBe(true);
      expect(isStale(flow([...to], ['10.7.7.7', 5353]), gone), 'translated by another hand').toBe(false);
      expect(isStale(flow([...to], [...to], UNTRANSLATED), gone)).toBe(false);
      expect(isStale(flow([...to], ['10.2.0.5', 5353], { protocol: 6 }), gone)).toBe(false);
    }
  });

  test('of a Service whose port, address or node port changed', () => {
    const moved = { ...dns, clusterIP: '10.96.0.77', port: 5300, nodePort: 30_099 };
    const after = rules([moved], [dns]);
    expect(isStale(flow(['10.96.0.10', 53], ['10.2.0.5', 5353]), after)).toBe(true);
    expect(isStale(flow([NODE, 30_053], ['10.2.0.5', 5353]), after)).toBe(true);
    expect(isStale(flow(['10.96.0.77', 5300], ['10.2.0.5', 5353]), after)).toBe(false);
    expect(isStale(flow([NODE, 30_099], ['10.2.0.5', 5353]), after)).toBe(false);
  });

  test('that exists again, or at another Service: today decides', () => {
    const heir = servicePort({ name: 'heir', backends: [backend('10.2.0.5'), backend('10.2.3.3')] });
    expect(isStale(flow(['10.96.0.10', 53], ['10.2.0.5', 5353]), rules([heir], [dns]))).toBe(false);
    expect(isStale(flow(['10.96.0.10', 53], ['10.2.0.6', 5353]), rules([heir], [dns]))).toBe(true);
  });
});

test('IPv6 alike', () => {
  const six = servicePort({ family: 'IPv6', clusterIP: 'fd00:96::a', backends: [backend('fd00:2::5')] });
  expect(isStale(flow(['fd00:96::a', 53], ['fd00:2::5', 5353]), rules([six]))).toBe(false);
  expect(isStale(flow(['fd00:96::a', 53], ['fd00:2::6', 5353]), rules([six]))).toBe(true);
});

describe('whatever the Services and flows', () => {
  const address = fc.constantFrom('10.96.0.10', '10.96.0.11', NODE, OTHER_NODE, '10.2.0.1', '10.2.0.2');
  const port = fc.constantFrom(53, 5353, 30_053);
  const endpoint = fc
    .tuple(address, port, fc.boolean(), fc.boolean())
    .map(([at, number, ready, serving]) => backend(at, number, { ready, serving }));
  const anyPort = fc
    .record({
      ...{ clusterIP: address, port, nodePort: fc.option(port, { nil: undefined }) },
      ...{ externalIPs: fc.array(address, { maxLength: 1 }), backends: fc.array(endpoint, { maxLength: 3 }) },
    })
    .map((part) => servicePort(part));
  const ports = fc.array(anyPort, { maxLength: 3 });
  const anyFlow = fc
    .record({
      ...{ to: fc.tuple(address, port), by: fc.tuple(address, port), protocol: fc.constantFrom(6, 17, 132) },
      ...{ status: fc.constantFrom(STATUS.confirmed, STATUS.confirmed | STATUS.destinationNat), zone: fc.nat(1) },
    })
    .map(({ to, by, ...part }) => ({ to, by, flow: flow(to, by, part) }));
  const holds = (check: (current: ServicePort[], former: ServicePort[], each: AnyFlow) => void) =>
    fc.assert(fc.property(ports, ports, anyFlow, check), { seed: 11, numRuns: 2000 });
  interface AnyFlow {
    readonly to: [string, number];
    readonly by: [string, number];
    readonly flow: ReturnType<typeof flow>;
  }
  const doorsOf = (each: ServicePort) => [each.clusterIP, ...each.externalIPs].map((at) => `${at} ${each.port}`);

  test('only UDP is ever stale', () => {
    holds((current, former, each) => {
      if (each.flow.protocol !== 17) expect(isStale(each.flow, rules(current, former))).toBe(false);
    });
  });

  test('an entry that a serving endpoint of its door answers is never stale', () => {
    let met = 0;
    holds((current, former, { to, by, flow: each }) => {
      const behind = current.filter((one) => doorsOf(one).includes(to.join(' ')));
      const serves = behind.some((one) =>
        one.backends.some((end) => (end.ready || end.serving) && end.address === by[0] && end.port === by[1]),
      );
      if (!serves) return;
      met += 1;
      expect(isStale(each, rules(current, former))).toBe(false);
    });
    expect(met).toBeGreaterThan(10);
  });

  test('an entry to no number of ours is never stale, and an untranslated one to no address of ours', () => {
    holds((current, former, { to, flow: each }) => {
      const all = [...current, ...former];
      const translated = (each.status & STATUS.destinationNat) !== 0;
      const byAddress = all.some((one) => doorsOf(one).includes(to.join(' ')));
      const byNode = all.some(({ nodePort }) => nodePort === to[1]) && (translated || to[0] === NODE);
      if (!byAddress && !byNode) expect(isStale(each, rules(current, former))).toBe(false);
    });
  });
});

describe('a change', () => {
  const [a, b] = [backend('10.2.0.5'), backend('10.2.0.6')];
  const one = servicePort({ backends: [a] });
  const two = servicePort({ backends: [a, b] });
  const none = servicePort({ backends: [] });

  test.each<[string, ServicePort | undefined, ServicePort | undefined, boolean]>([
    ['nothing', two, two, false],
    ['an endpoint went', two, one, true],
    ['another endpoint came', one, two, false],
    ['an endpoint stopped serving', two, servicePort({ backends: [a, { ...b, ready: false, serving: false }] }), true],
    ['an endpoint terminates, but serves', two, servicePort({ backends: [a, { ...b, ready: false }] }), false],
    ['an endpoint has another port', one, servicePort({ backends: [{ ...a, port: 1 }] }), true],
    ['a weight changed', one, servicePort({ backends: [{ ...a, weight: 0 }] }), false],
    ['the last endpoint went', one, none, true],
    ['the first endpoint came', none, one, true],
    ['a Service came', undefined, one, true],
    ['a Service came without endpoints', undefined, none, false],
    ['a Service went', one, undefined, true],
    ['the port changed', one, { ...one, port: 54 }, true],
    ['the address changed', one, { ...one, clusterIP: '10.96.0.99' }, true],
    ['a node port came', one, { ...one, nodePort: 30_053 }, true],
    ['a node port went', { ...one, nodePort: 30_053 }, one, true],
    ['a load balancer address came', one, { ...one, loadBalancerIPs: ['203.0.113.5'] }, true],
    ['an external IP went', { ...one, externalIPs: ['203.0.113.5'] }, one, true],
    ['an affinity came', one, { ...one, affinitySeconds: 10 }, false],
    ['TCP: the last endpoint went', { ...one, protocol: 'TCP' }, { ...none, protocol: 'TCP' }, false],
    ['SCTP: a Service went', { ...one, protocol: 'SCTP' }, undefined, false],
  ])('%s', (_what, before, after, expected) => {
    expect(mayLeaveStale(before, after)).toBe(expected);
  });
});
