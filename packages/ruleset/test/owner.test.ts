import { FakeNetfilter } from '@kubecity/netfilter/testing';
import { expect, it } from 'vitest';
import {
  compile,
  diff,
  isEmpty,
  type KernelState,
  ownerOf,
  parseSaveAll,
  partOf,
  renderRestore,
  stateOf,
} from '../src/index.ts';
import { OPTIONS, service, slice, table } from './city-fixture.ts';

const city = () => table([service('a', '10.96.0.1')], [slice('a', ['10.244.1.1'])]);
const ROUTING = stateOf(compile(city(), OPTIONS));
const ISOLATION: KernelState = {
  chains: {
    filter: new Map([
      ['CITY-ISOLATION', ['-j CITY-JF-X']],
      ['CITY-JF-X', ['-j DROP']],
    ]),
    nat: new Map(),
  },
  jumps: { filter: ['FORWARD -j CITY-ISOLATION'], nat: [] },
  overtaken: [],
};
const read = async (kernel: FakeNetfilter) => parseSaveAll(await kernel.save());
const bring = async (kernel: FakeNetfilter, owner: 'routing' | 'isolation', wanted: KernelState) => {
  const work = diff(partOf(await read(kernel), owner), wanted);
  if (!isEmpty(work)) await kernel.restore(renderRestore(work));
  return work;
};
const forward = async (kernel: FakeNetfilter) =>
  (await kernel.save('filter')).split('\n').flatMap((line) => /^-A FORWARD (.*)/.exec(line)?.[1] ?? []);

it('chains and sets of isolation are told by their names', () => {
  for (const name of ['CITY-ISOLATION', 'CITY-IT-10.0.0.0-8', 'CITY-JREFUSED', 'CITY-I4-ABC-web', 'CITY-I6-X']) {
    expect(ownerOf(name)).toBe('isolation');
  }
  for (const name of [...ROUTING.chains.nat.keys(), ...ROUTING.chains.filter.keys(), 'CITY-A4-X', 'CITY-LEASE-4']) {
    expect(ownerOf(name)).toBe('routing');
  }
});

it('neither sees nor touches what the other one wrote, in either order', async () => {
  for (const order of [
    ['routing', 'isolation'],
    ['isolation', 'routing'],
  ] as const) {
    const kernel = new FakeNetfilter();
    for (const owner of order) await bring(kernel, owner, owner === 'routing' ? ROUTING : ISOLATION);
    const found = await read(kernel);
    expect(isEmpty(diff(partOf(found, 'routing'), ROUTING))).toBe(true);
    expect(isEmpty(diff(partOf(found, 'isolation'), ISOLATION))).toBe(true);
    expect((await forward(kernel))[0]).toBe('-j CITY-ISOLATION');
    await bring(kernel, 'isolation', {
      ...ISOLATION,
      chains: { filter: new Map(), nat: new Map() },
      jumps: { filter: [], nat: [] },
    });
    expect(isEmpty(diff(partOf(await read(kernel), 'routing'), ROUTING))).toBe(true);
  }
});

it('a jump of routing goes in behind those of isolation, whatever is taken away with it', async () => {
  const kernel = new FakeNetfilter();
  await bring(kernel, 'isolation', ISOLATION);
  kernel.meddle('filter', (chains) => {
    chains.set('CITY-OLD', []);
    chains.get('FORWARD')?.push('-j CITY-OLD', '-j KUBE-FORWARD');
    chains.set('KUBE-FORWARD', []);
  });
  await bring(kernel, 'routing', ROUTING);
  const lines = await forward(kernel);
  expect(lines[0]).toBe('-j CITY-ISOLATION');
  expect(lines.at(-1)).toBe('-j KUBE-FORWARD');
  expect(lines).not.toContain('-j CITY-OLD');
  expect(lines.length).toBe(2 + ROUTING.jumps.filter.filter((jump) => jump.startsWith('FORWARD ')).length);
});

it.each([
  ['-j ACCEPT', true],
  ['-j KUBE-FORWARD', true],
  ['-p tcp -g ELSEWHERE', true],
  ['-m comment --comment "no -j DROP here" -j ACCEPT', true],
  ['-j DROP', false],
  ['-j REJECT --reject-with icmp-port-unreachable', false],
  ['-j LOG --log-prefix "-j ACCEPT "', false],
  ['-m comment --comment nothing', false],
])('isolation goes back to the head when it stands behind "%s": %s', async (rule, moves) => {
  const kernel = new FakeNetfilter();
  await bring(kernel, 'isolation', ISOLATION);
  kernel.meddle('filter', (chains) => void chains.get('FORWARD')?.unshift(rule));
  const work = await bring(kernel, 'isolation', ISOLATION);
  expect(isEmpty(work)).toBe(!moves);
  expect(await forward(kernel)).toEqual(moves ? ['-j CITY-ISOLATION', rule] : [rule, '-j CITY-ISOLATION']);
  // Once, and in one commit.
  expect(kernel.restores.length).toBe(moves ? 2 : 1);
  expect(isEmpty(await bring(kernel, 'isolation', ISOLATION))).toBe(true);
});

it('one of two equal jumps is taken away, wherever they stand', async () => {
  const kernel = new FakeNetfilter();
  await bring(kernel, 'isolation', ISOLATION);
  kernel.meddle('filter', (chains) => void chains.get('FORWARD')?.push('-j ACCEPT', '-j CITY-ISOLATION'));
  await bring(kernel, 'isolation', ISOLATION);
  expect(await forward(kernel)).toEqual(['-j CITY-ISOLATION', '-j ACCEPT']);
});
