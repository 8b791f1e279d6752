import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  buildRoutingTable,
  FLOOR_ANNOTATION,
  floorOf,
  type KubeRoutingOverride,
  type RoutingInput,
  RoutingTracker,
  type ServicePort,
} from '../src/index.ts';
import { override, service, slice } from './city-fixture.ts';

const KEY = 'shop/cart:http/TCP';
const annotated = <T extends { metadata: object }>(object: T, floor: string | undefined): T => ({
  ...object,
  metadata: { ...object.metadata, ...(floor !== undefined && { annotations: { [FLOOR_ANNOTATION]: floor } }) },
});
const endpoints = (ready: readonly boolean[]) =>
  slice(
    'cart',
    ready.map((ready, i) => ({ ip: `10.244.1.${i + 1}`, ready })),
  );

interface Case {
  readonly ready: readonly boolean[];
  readonly own?: string | undefined;
  readonly ofNamespace?: string | undefined;
  readonly overrides: readonly KubeRoutingOverride[];
}

function build({ ready, own, ofNamespace, overrides }: Case) {
  const input: RoutingInput = {
    services: [annotated(service('cart'), own)],
    endpointSlices: [endpoints(ready)],
    namespaces: [annotated({ metadata: { name: 'shop' } }, ofNamespace)],
    overrides,
    pods: [],
  };
  const table = buildRoutingTable(input);
  return { table, port: table.servicePorts.get(KEY) as ServicePort };
}

const uids = (table: ReturnType<typeof build>['table'], state: string) =>
  table.outcomes.filter((one) => one.state === state).map(({ uid }) => uid);

const floors = fc.constantFrom(undefined, '0', '1', '2', '4', '30%', '50%', '100%', '2,50%', '75%, 1');
const drawn = fc.record({
  ready: fc.array(fc.constantFrom(true, true, true, false), { minLength: 1, maxLength: 8 }),
  own: floors,
  ofNamespace: floors,
  overrides: fc
    .array(
      fc.record({
        pods: fc.uniqueArray(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 5 }),
        wish: fc.constantFrom(
          { drain: {} },
          { weight: 0 },
          { weight: 30 },
          { share: 0 },
          { share: 100 },
          { share: 40 },
        ),
        allowEmpty: fc.constantFrom(false, false, true),
      }),
      { minLength: 1, maxLength: 5 },
    )
    .map((list) =>
      list.map(({ pods, wish, allowEmpty }, i) => {
        const backends = { podNames: pods.map((number) => `pod-${number}`) };
        return override(`o${i}`, { backends, ...wish, allowEmpty }, `2026-11-22T1${i}:00:00Z`);
      }),
    ),
});

/** The least that must be left, told again from the annotations. */
function leastOf({ ready, own, ofNamespace }: Case): number {
  const usable = ready.filter(Boolean).length;
  const parts = (own ?? ofNamespace ?? '1').split(',').map((part) => part.trim());
  const asked = parts.map((part) =>
    part.endsWith('%') ? Math.ceil((usable * Number.parseInt(part, 10)) / 100) : +part,
  );
  return Math.min(usable, Math.max(...asked));
}

const permitted = (one: KubeRoutingOverride) => (one.spec as { allowEmpty: boolean }).allowEmpty;

describe('the floor of a Service', () => {
  it('is never broken by overrides that may not, and lifts none without need', () => {
    const seen = { lifted: 0, 'broken with permission': 0, 'several lifted': 0 };
    fc.assert(
      fc.property(drawn, (one) => {
        const { table, port } = build(one);
        const { active, floor, of } = floorOf(port);
        expect(floor).toBe(leastOf(one));
        expect(of).toBe(one.ready.filter(Boolean).length);

        const lifted = uids(table, 'lifted');
        if (active < floor) {
          seen['broken with permission']++;
          const blamed = one.overrides.filter(
            (o) => permitted(o) && uids(table, 'applied').includes(o.metadata.uid ?? ''),
          );
          expect(blamed.length, 'somebody says allowEmpty').toBeGreaterThan(0);
        }
        if (lifted.length === 0) return;
        seen.lifted++;
        if (lifted.length > 1) seen['several lifted']++;
        // Without those that are lifted all is as it is; with any one of them back, and free to act, one at least breaks it.
        const left = one.overrides.filter(({ metadata }) => !lifted.includes(metadata.uid ?? ''));
        expect(build({ ...one, overrides: left }).port.backends).toEqual(port.backends);
        const breaks = one.overrides
          .filter(({ metadata }) => lifted.includes(metadata.uid ?? ''))
          .map((back) => {
            expect(permitted(back)).toBe(false);
            const free = [...left, back].map((o) => ({ ...o, spec: { ...(o.spec as object), allowEmpty: true } }));
            return floorOf(build({ ...one, overrides: free }).port).active < floor;
          });
        expect(breaks).toContain(true);
      }),
      { seed: 20261123, numRuns: 1500 },
    );
    for (const [what, times] of Object.entries(seen)) expect(times, what).toBeGreaterThan(30);
  });

  const drain = (number: number, more = {}) =>
    override(
      `d${number}`,
      { backends: { podNames: [`pod-${number}`] }, drain: {}, ...more },
      `2026-11-22T1${number}:00:00Z`,
    );
  const four = [true, true, true, true];

  it('of half refuses the third of four drains, and says what it would leave', () => {
    const { table } = build({ ready: four, own: '50%', overrides: [drain(1), drain(2), drain(3)] });
    expect(uids(table, 'applied')).toEqual(['uid-d1', 'uid-d2']);
    expect(table.outcomes.find(({ uid }) => uid === 'uid-d3')).toMatchObject({
      state: 'lifted',
      message:
        'would leave Service shop/cart with 1 of 4 backends, below its floor of 2; spec.allowEmpty: true permits that',
    });
  });

  it('lifts the newest drain when a backend dies, and puts it back when one comes', () => {
    const tracker = new RoutingTracker();
    tracker.setService(annotated(service('cart'), '2'));
    for (const number of [1, 2]) tracker.setOverride(drain(number));
    const applied = (ready: readonly boolean[]) => {
      tracker.setEndpointSlice(endpoints(ready));
      const { table } = tracker.take();
      return [uids(table, 'applied'), uids(table, 'lifted')];
    };
    expect(applied(four)).toEqual([['uid-d1', 'uid-d2'], []]);
    expect(applied([true, true, true, false])).toEqual([['uid-d1'], ['uid-d2']]);
    expect(applied([true, true, false, false])).toEqual([[], ['uid-d1', 'uid-d2']]);
    expect(applied(four)).toEqual([['uid-d1', 'uid-d2'], []]);
  });

  it('blames a share that takes everything, not the weights that it empties', () => {
    const all = override('all', { backends: { podNames: ['pod-1'] }, share: 100 }, '2026-11-22T10:00:00Z');
    const light = override('light', { backends: { podNames: ['pod-2'] }, weight: 30 }, '2026-11-22T11:00:00Z');
    const { table, port } = build({ ready: four, own: '2', overrides: [all, light] });
    expect([uids(table, 'lifted'), uids(table, 'applied')]).toEqual([['uid-all'], ['uid-light']]);
    expect(port.backends.map(({ weight }) => weight)).toEqual([100, 30, 100, 100]);
  });

  it('holds in each Service that an override of the whole cluster is about', () => {
    const slices = ['cart', 'web', 'one'].map((name) =>
      slice(
        name,
        (name === 'one' ? ['a'] : ['a', 'b']).map((node, i) => ({ ip: `10.244.${i + 1}.1`, node: `node-${node}` })),
      ),
    );
    const node = {
      metadata: { name: 'node-a', uid: 'uid-node-a', generation: 1 },
      spec: { backends: { nodeNames: ['node-a'] }, drain: {} },
    };
    const table = buildRoutingTable({
      services: ['cart', 'web', 'one'].map((name) => service(name)),
      endpointSlices: slices,
      overrides: [node],
      pods: [],
    });
    const weights = ['cart', 'web', 'one'].map((name) =>
      table.servicePorts.get(`shop/${name}:http/TCP`)?.backends.map(({ weight }) => weight),
    );
    expect(weights).toEqual([[0, 100], [0, 100], [100]]);
    expect(table.outcomes).toEqual([
      expect.objectContaining({
        state: 'applied',
        cluster: true,
        message: 'lifted where the floor forbids it (spec.allowEmpty: true permits that): shop/one',
        liftedIn: ['shop/one'],
      }),
    ]);
  });

  it('that cannot be read is a problem by name, and the next one holds', () => {
    for (const bad of ['most', '-1', '1.5', '101%', '1,2', '50%,', '']) {
      const { table, port } = build({ ready: four, own: bad, ofNamespace: '3', overrides: [] });
      expect(floorOf(port), bad).toEqual({ active: 4, floor: 3, of: 4 });
      expect(table.problems, bad).toEqual([
        expect.objectContaining({ kind: 'Service', name: 'cart', field: `metadata.annotations[${FLOOR_ANNOTATION}]` }),
      ]);
    }
    const { table, port } = build({ ready: four, ofNamespace: 'half', overrides: [] });
    expect(floorOf(port).floor).toBe(1);
    expect(table.problems).toEqual([expect.objectContaining({ kind: 'Namespace', name: 'shop' })]);
  });
});
