import {
  difference,
  peersOf,
  planRoutes,
  type RoutePlan,
  type RoutePlanInput,
  type Step,
  type Way,
} from '@kubecity/routes';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Machine } from './machine.ts';
import { numbered } from './nodes.ts';
import { wishes } from './random-city.ts';

const NODES = [numbered(2), numbered(3, { IPv4: '192.168.3', IPv6: 'fd00:3' }), numbered(4), numbered(5)];

interface Event {
  readonly text: string;
  happen(machine: Machine, ways: Map<string, Way>): void;
}

const lost: fc.Arbitrary<Event> = fc.nat(20).map((i) => ({
  text: `the kernel was asked again for way ${i}, and had none; it has the others`,
  happen: (_, ways) => {
    const address = [...ways.keys()][i];
    for (const [each, { kind }] of ways) if (kind === 'none') ways.delete(each);
    if (address !== undefined) ways.set(address, { kind: 'none', why: 'it was lost' });
  },
}));
const events: fc.Arbitrary<Event> = fc.oneof({ weight: 6, arbitrary: wishes }, { weight: 1, arbitrary: lost });

it('what is remembered of peers and of a settled plan changes no plan and no step', () => {
  const seen = { remembered: 0, steps: 0, tunnelSteps: 0, kept: 0 };
  fc.assert(
    fc.property(fc.array(events, { minLength: 1, maxLength: 40, size: 'max' }), (story) => {
      const machine = new Machine(...NODES);
      const ways = new Map<string, Way>();
      let kernel = machine.kernel.state();
      let settled: RoutePlan | undefined;
      for (const event of [{ text: 'begin', happen: () => {} }, ...story]) {
        event.happen(machine, ways);
        for (let again = true; again; ) {
          const input = inputOf(machine, ways, kernel);
          const plan = planRoutes(input);
          // Of copies nothing is remembered.
          expect(plan, event.text).toEqual(planRoutes({ ...input, peers: structuredClone(input.peers) }));
          const found = difference(kernel, plan, settled);
          const anew = difference(kernel, plan);
          expect(sorted(found.steps), event.text).toEqual(sorted(anew.steps));
          expect(
            found.steps.map(({ act }) => act),
            event.text,
          ).toEqual(anew.steps.map(({ act }) => act));
          expect(found.again, event.text).toBe(anew.again);
          if (settled) {
            seen.remembered += 1;
            seen.steps += found.steps.length;
            seen.tunnelSteps += found.steps.filter(({ act }) => /Link|Tunnel/.test(act)).length;
            const before = new Set<unknown>(settled.routes);
            seen.kept += plan.routes.filter((route) => before.has(route)).length;
          }
          for (const step of found.steps) {
            machine.execute(step);
            kernel.apply(step);
          }
          again = found.again;
          settled = again ? undefined : plan;
          if (again) kernel = machine.kernel.state();
        }
      }
    }),
    { seed: 202, numRuns: 100 },
  );
  const { remembered, steps, tunnelSteps, kept } = seen;
  for (const [what, count] of Object.entries({ remembered, steps, kept })) expect(count, what).toBeGreaterThan(1_000);
  expect(tunnelSteps).toBeGreaterThan(50);
});

function inputOf(machine: Machine, ways: Map<string, Way>, kernel: RoutePlanInput['kernel']): RoutePlanInput {
  const { own, peers, refused } = peersOf(machine.nodes.values(), 'node-1');
  if (!own) throw new Error('node-1 is not there');
  for (const { address } of peers) if (!ways.has(address)) ways.set(address, machine.kernel.way(address));
  const { settings, refusedTunnels } = machine;
  return { own, peers, refused, ways, kernel, settings, refusedTunnels };
}

/** The order of removals is free. */
function sorted(steps: readonly Step[]): string[] {
  return steps.map((step) => JSON.stringify(step)).sort();
}
