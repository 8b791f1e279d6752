import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { buildRoutingTable, type KubeRoutingOverride } from '../src/index.ts';
import { override, service, slice } from './city-fixture.ts';

const PODS = [1, 2, 3, 4, 5];
const cart = slice(
  'cart',
  PODS.map((octet) => ({ ip: `10.244.1.${octet}`, node: `node-${octet % 2}` })),
);

function build(overrides: readonly KubeRoutingOverride[], now?: number) {
  const table = buildRoutingTable({
    services: [service('cart')],
    endpointSlices: [cart],
    overrides,
    pods: [],
    ...(now !== undefined && { now }),
  });
  const backends = table.servicePorts.get('shop/cart:http/TCP')?.backends ?? [];
  return { table, backends, by: backends.map(({ overrideUid }) => overrideUid) };
}

const hour = (at: number) => `2026-11-22T${10 + at}:00:00Z`;
const whole = (name: string, spec: object, at: string): KubeRoutingOverride => ({
  metadata: { name, uid: `uid-${name}`, generation: 1, creationTimestamp: at },
  spec,
});

const RANK = ['drain', 'weight', 'share'];
const drawn = fc
  .array(
    fc.record({
      pods: fc.uniqueArray(fc.constantFrom(...PODS), { minLength: 1, maxLength: 4 }),
      effect: fc.constantFrom(...RANK),
      at: fc.integer({ min: 0, max: 3 }),
      ofCluster: fc.boolean(),
    }),
    { minLength: 1, maxLength: 6 },
  )
  .map((list) => list.map((one, i) => ({ ...one, name: `o${i}` })));

describe('of overrides that name one backend', () => {
  it('drain goes before weight before share, then the younger, then the later name', () => {
    const seen = { contested: 0, ties: 0 };
    fc.assert(
      fc.property(drawn, (list) => {
        const overrides = list.map(({ name, pods, effect, at, ofCluster }) => {
          const backends = { podNames: pods.map((pod) => `pod-${pod}`) };
          const wish = { drain: { drain: {} }, weight: { weight: 40 }, share: { share: 20 } }[effect];
          const spec = { backends, ...wish, allowEmpty: true };
          return ofCluster ? whole(name, spec, hour(at)) : override(name, spec, hour(at));
        });
        const { by, table } = build(overrides);
        for (const [i, pod] of PODS.entries()) {
          const about = list.filter(({ pods }) => pods.includes(pod));
          const best = Math.min(...about.map(({ effect }) => RANK.indexOf(effect)));
          const strong = about.filter(({ effect }) => RANK.indexOf(effect) === best);
          const youngest = Math.max(...strong.map(({ at }) => at));
          const last = strong.filter(({ at }) => at === youngest);
          if (about.length > 1) seen.contested++;
          if (last.length > 1) seen.ties++;
          if (about.length > 0)
            expect(by[i]).toBe(
              `uid-${last
                .map(({ name }) => name)
                .sort()
                .at(-1)}`,
            );
        }
        for (const { uid, state, message = '', override: parsed } of table.outcomes) {
          const named = PODS.filter((pod) => parsed?.spec.backends?.podNames?.includes(`pod-${pod}`));
          const held = named.filter((pod) => by[pod - 1] === uid);
          expect(state).toBe(held.length > 0 ? 'applied' : 'overruled');
          for (const pod of named) {
            if (by[pod - 1] === uid) continue;
            expect(message).toContain(`pod-${pod}`);
            expect(message).toContain(by[pod - 1]?.replace('uid-', ''));
          }
        }
      }),
      { seed: 20261123, numRuns: 400 },
    );
    for (const [what, times] of Object.entries(seen)) expect(times, what).toBeGreaterThan(100);
  });

  it('the loser says which part it lost, and to whom', () => {
    const weight = override('light', { backends: { podNames: ['pod-1', 'pod-2', 'pod-3'] }, weight: 5 }, hour(3));
    const drain = whole('node-1', { backends: { nodeNames: ['node-1'] }, drain: {} }, hour(0));
    const { table, backends } = build([weight, drain]);
    expect(backends.map((backend) => backend.weight)).toEqual([0, 5, 0, 100, 0]);
    expect(table.outcomes).toMatchObject([
      { name: 'node-1', state: 'applied' },
      { name: 'light', state: 'applied', message: 'pod-1, pod-3 are held by ClusterRoutingOverride node-1' },
    ]);
    expect(
      build([drain, override('all', { backends: { podNames: ['pod-1'] }, weight: 1 })]).table.outcomes,
    ).toMatchObject([{}, { state: 'overruled', message: 'pod-1 is held by ClusterRoutingOverride node-1' }]);
  });

  it('the one that starts later is the younger, whenever it was made', () => {
    const podNames = ['pod-1'];
    const first = override('a', { backends: { podNames }, weight: 1, startAt: hour(5) }, hour(0));
    const second = override('b', { backends: { podNames }, weight: 2 }, hour(1));
    expect(build([first, second]).backends[0]?.weight).toBe(1);
  });
});

describe('an override without a Service', () => {
  const spec = { backends: { podNames: ['pod-1'] }, weight: 7 };
  const build = (one: KubeRoutingOverride) =>
    buildRoutingTable({
      services: ['cart', 'web', 'far'].map((name) => {
        const made = service(name);
        return name === 'far' ? { ...made, metadata: { ...made.metadata, namespace: 'blog' } } : made;
      }),
      endpointSlices: ['cart', 'web', 'far'].map((name) => {
        const made = slice(name, [{ ip: '10.244.1.1' }, { ip: '10.244.1.2' }]);
        return name === 'far' ? { ...made, metadata: { ...made.metadata, namespace: 'blog' } } : made;
      }),
      overrides: [one],
      pods: [],
    });
  const weights = (one: KubeRoutingOverride) =>
    [...build(one).servicePorts.values()].map(({ name, backends }) => [name, backends[0]?.weight]);

  it('is about every Service of its namespace that has the backends', () => {
    expect(weights(override('pod', { ...spec, service: undefined }))).toEqual([
      ['cart', 7],
      ['web', 7],
      ['far', 100],
    ]);
  });

  it('is about every Service of the cluster when it has no namespace', () => {
    expect(weights(whole('pod', spec, hour(0)))).toEqual([
      ['cart', 7],
      ['web', 7],
      ['far', 7],
    ]);
  });

  it('says in few words where it is not, however many Services that are', () => {
    const names = Array.from({ length: 40 }, (_, i) => `${'long-'.repeat(10)}${String(i).padStart(2, '0')}`);
    const table = buildRoutingTable({
      services: names.map((name) => service(name)),
      endpointSlices: names.map((name) => slice(name, [{ ip: '10.244.1.1' }])),
      overrides: [
        whole('drain', { backends: { podNames: ['pod-1'] }, drain: {} }, hour(0)),
        whole('weight', { backends: { podNames: ['pod-1'] }, weight: 9 }, hour(1)),
        ...names
          .slice(0, 20)
          .map((name) => override(`o-${name}`, { service: name, drain: {}, allowEmpty: true }, hour(2))),
      ],
      pods: [],
    });
    const [drain, weight] = ['drain', 'weight'].map((name) => table.outcomes.find((one) => one.name === name));
    expect(drain?.state).toBe('lifted');
    expect(drain?.message).toContain(
      `${names
        .slice(20, 25)
        .map((name) => `shop/${name}`)
        .join(', ')} and 15 more`,
    );
    expect(weight?.state).toBe('applied');
    for (const outcome of [drain, weight]) expect(outcome?.message?.length).toBeLessThanOrEqual(1024);
  });

  it('that names nobody says so', () => {
    const [outcome] = build(whole('pod', { backends: { podNames: ['pod-9'] }, weight: 7 }, hour(0))).outcomes;
    expect(outcome).toMatchObject({ state: 'noBackends', cluster: true, message: 'names no backend of any Service' });
  });

  it('may not name one when it is of the cluster', () => {
    const [outcome] = build(whole('pod', { ...spec, service: 'cart' }, hour(0))).outcomes;
    expect(outcome).toMatchObject({ state: 'invalid', field: 'spec.service' });
  });
});

describe('an override whose time is over', () => {
  it('has no effect: routes are as if it were not there', () => {
    const ends = Date.parse(hour(5));
    fc.assert(
      fc.property(drawn, fc.integer({ min: -1, max: 1 }), (list, after) => {
        const overrides = list.map(({ name, pods, effect, at }, i) => {
          const backends = { podNames: pods.map((pod) => `pod-${pod}`) };
          const wish = { drain: { drain: {} }, weight: { weight: 40 }, share: { share: 20 } }[effect];
          return override(name, { backends, ...wish, ...(i % 2 === 0 && { expiresAt: hour(5) }) }, hour(at));
        });
        const { table } = build(overrides, ends + after);
        const over = (uid: string) => table.outcomes.find((one) => one.uid === uid)?.state === 'expired';
        const left = overrides.filter((_, i) => after < 0 || i % 2 === 1);
        expect(overrides.filter(({ metadata }) => !over(metadata.uid ?? ''))).toEqual(left);
        expect(table.servicePorts).toEqual(build(left, ends - 1).table.servicePorts);
      }),
      { seed: 20261123, numRuns: 200 },
    );
  });
});
