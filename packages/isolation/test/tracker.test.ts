import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type IsolationChange, type IsolationPlan, IsolationTracker } from '../src/index.ts';
import { Cluster, events } from './random-cluster.ts';

const node = fc.constantFrom(undefined, 'node-a');

describe('IsolationTracker', () => {
  it('equals one that hears of everything at once, and names exactly what changed', () => {
    const seen = { gates: 0, sets: 0, ports: 0, problems: 0, deltas: 0, removed: 0 };
    fc.assert(
      fc.property(events(40), node, fc.integer({ min: 1, max: 4 }), (list, name, every) => {
        const tracker = new IsolationTracker(name);
        const cluster = new Cluster(tracker);
        const mirror = new Map<string, Set<string>>();
        let before = new Map<string, string>();
        list.forEach((event, i) => {
          cluster.apply(event);
          if (i % every !== 0 && i !== list.length - 1) return;
          const change = tracker.take();
          expect(shape(change.plan)).toEqual(shape(cluster.anew(name).take().plan));
          const now = new Map([...change.plan.pods].map(([id, plan]) => [id, JSON.stringify(plan)]));
          for (const id of new Set([...before.keys(), ...now.keys(), ...change.pods])) {
            expect(change.pods.has(id), id).toBe(before.get(id) !== now.get(id));
          }
          before = now;
          reflect(mirror, change);
          expect(members(mirror)).toEqual(members(setsOf(change.plan)));
          for (const { ingress, egress } of change.plan.pods.values())
            seen.gates += Number((ingress ?? egress) ? 1 : 0);
          for (const { kind, members: held } of change.plan.sets.values()) {
            seen[kind === 'ports' ? 'ports' : 'sets'] += Number(held.size > 0);
          }
          seen.problems += change.plan.problems.length;
          seen.deltas += change.sets.changed.size;
          seen.removed += change.sets.removed.length;
        });
      }),
      { seed: 20261123, numRuns: 150 },
    );
    for (const [what, times] of Object.entries(seen)) expect(times, `no ${what} were seen`).toBeGreaterThan(100);
  });

  it('forgets changes that were undone before they were taken', () => {
    let gates = 0;
    fc.assert(
      fc.property(events(30), events(15), (list, mistakes) => {
        const tracker = new IsolationTracker('node-a');
        const cluster = new Cluster(tracker);
        for (const event of list) cluster.apply(event);
        gates += tracker.take().plan.pods.size;
        const undo = cluster.undoing(mistakes);
        for (const event of [...mistakes, ...undo]) cluster.apply(event);
        const { pods, sets } = tracker.take();
        expect([...pods]).toEqual([]);
        expect(sets).toEqual({ created: [], removed: [], changed: new Map() });
      }),
      { seed: 20261123, numRuns: 100 },
    );
    expect(gates).toBeGreaterThan(100);
  });
});

/** A plan as plain data, in an order of its own. */
function shape({ pods, sets, problems }: IsolationPlan) {
  const texts = problems.map((one) => JSON.stringify(one)).sort();
  return { pods: sorted(pods), sets: members(setsOf({ sets })), problems: texts };
}

function setsOf({ sets }: Pick<IsolationPlan, 'sets'>): Map<string, Set<string>> {
  return new Map([...sets].map(([id, set]) => [id, new Set(set.members.keys())]));
}

function members(sets: ReadonlyMap<string, ReadonlySet<string>>) {
  return sorted(new Map([...sets].map(([id, set]) => [id, [...set].sort()])));
}

function sorted<T>(map: ReadonlyMap<string, T>): [string, T][] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1));
}

/** What somebody holds who is only told of changes. */
function reflect(mirror: Map<string, Set<string>>, { plan, sets }: IsolationChange): void {
  for (const id of sets.removed) expect(mirror.delete(id), id).toBe(true);
  for (const id of sets.created) {
    expect(mirror.has(id), id).toBe(false);
    mirror.set(id, new Set(plan.sets.get(id)?.members.keys()));
  }
  for (const [id, { added, removed }] of sets.changed) {
    const held = mirror.get(id);
    for (const member of added) {
      expect(held?.has(member)).toBe(false);
      held?.add(member);
    }
    for (const member of removed) expect(held?.delete(member)).toBe(true);
  }
}
