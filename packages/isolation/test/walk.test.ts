import type { Family } from '@kubecity/routing';
import { type Ruleset, type World, walk } from '@kubecity/ruleset';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  type Attempt,
  compareSets,
  IsolationCompiler,
  type IsolationOptions,
  IsolationTracker,
  type Judgement,
  judge,
  renderSets,
} from '../src/index.ts';
import { worldOf } from './kernel-world.ts';
import { addressesOfPlace, Cluster, events, tell } from './random-cluster.ts';
import { SetMirror } from './set-mirror.ts';

const OPTIONS: IsolationOptions = { family: 'IPv4', refusal: 'drop', closedRanges: [] };
const OUTSIDE: Readonly<Record<Family, readonly string[]>> = {
  IPv4: ['203.0.113.9', '10.1.2.3'],
  IPv6: ['2001:db8::9'],
};
const ENDS: Readonly<Record<Family, readonly string[]>> = {
  IPv4: [...Array.from({ length: 10 }, (_, i) => addressesOfPlace(i + 1)[0] as string), ...OUTSIDE.IPv4],
  IPv6: [...Array.from({ length: 10 }, (_, i) => addressesOfPlace(i + 1)[1] as string), ...OUTSIDE.IPv6],
};

const attempt = (family: Family): fc.Arbitrary<Attempt> =>
  fc.record({
    from: fc.constantFrom(...ENDS[family]),
    to: fc.constantFrom(...ENDS[family]),
    protocol: fc.constantFrom('TCP', 'UDP', 'SCTP'),
    port: fc.constantFrom(80, 81, 8080, 9000, 8500, 443),
  });

/** Rules and sets of a kernel, at one moment. */
interface Text {
  readonly ruleset: Ruleset;
  readonly world: World;
}

const textOf = ({ ruleset, sets }: IsolationCompiler): Text => ({ ruleset, world: worldOf(sets) });

/** The opinions that this node enforces: the other end is another node's. */
function refusedHere(tracker: IsolationTracker, { egress, ingress }: Judgement): boolean {
  const isHere = (id: string | undefined) => id !== undefined && tracker.pod(id)?.node === 'node-a';
  return [egress, ingress].some(({ pod, verdict }) => isHere(pod) && verdict === 'refused');
}

function refusedByText({ ruleset, world }: Text, { from, to, protocol, port }: Attempt): boolean {
  const word = protocol.toLowerCase() as 'tcp';
  const packet = { from: 'pod' as const, source: from, destination: to, protocol: word, port };
  const [end, ...more] = walk(ruleset, packet, world);
  expect(more).toEqual([]);
  expect(['none', 'drop']).toContain(end?.kind);
  return end?.kind === 'drop';
}

describe.each(['IPv4', 'IPv6'] as const)('the text of %s', (family) => {
  const attempts = fc.array(attempt(family), { minLength: 20, maxLength: 30 });

  it('refuses exactly what judge refuses, after any events', () => {
    const seen = { refused: 0, allowed: 0, open: 0 };
    fc.assert(
      fc.property(events(30), attempts, fc.integer({ min: 1, max: 8 }), (list, tries, every) => {
        const tracker = new IsolationTracker('node-a');
        const cluster = new Cluster(tracker);
        const compiler = new IsolationCompiler({ ...OPTIONS, family });
        list.forEach((event, i) => {
          cluster.apply(event);
          if (i % every === 0) compiler.update(tracker.take());
        });
        compiler.update(tracker.take());
        const text = textOf(compiler);
        for (const one of tries) {
          const judgement = judge(tracker, one);
          const refused = refusedHere(tracker, judgement);
          expect(refusedByText(text, one), JSON.stringify(one)).toBe(refused);
          const said = [judgement.egress.verdict, judgement.ingress.verdict];
          seen[refused ? 'refused' : said.includes('allowed') ? 'allowed' : 'open']++;
        }
      }),
      { seed: 20261123, numRuns: 120 },
    );
    for (const [what, times] of Object.entries(seen)) expect(times, what).toBeGreaterThan(100);
  });

  it('equals a text made from nothing, and its updates say all that differs', () => {
    const seen = { chains: 0, created: 0, changed: 0, destroyed: 0 };
    fc.assert(
      fc.property(events(30), fc.boolean(), (list, closed) => {
        const closedRanges = closed ? ['10.244.1.0/24', 'fd00:10:244:1::/64'] : [];
        const options = { ...OPTIONS, family, closedRanges };
        const tracker = new IsolationTracker('node-a');
        const cluster = new Cluster(tracker);
        const compiler = new IsolationCompiler(options);
        const kernel = new SetMirror();
        const chains = new Map<string, readonly string[]>();
        for (const event of list) {
          cluster.apply(event);
          const update = compiler.update(tracker.take());
          for (const text of Object.values(renderSets(update.sets))) kernel.apply(text);
          for (const chain of update.chains.filter) {
            const text = compiler.ruleset.chains.filter.get(chain);
            if (text) chains.set(chain, text);
            else chains.delete(chain);
          }
          seen.chains += update.chains.filter.size;
          seen.created += update.sets.create.length;
          seen.changed += update.sets.change.size;
          seen.destroyed += update.sets.destroy.length;
          const fresh = new IsolationCompiler(options);
          fresh.update(cluster.anew('node-a').take());
          expect(plain(compiler.ruleset)).toEqual(plain(fresh.ruleset));
          expect(sorted(chains)).toEqual(sorted(compiler.ruleset.chains.filter));
          expect(compareSets(kernel.found, fresh.sets)).toEqual({ create: [], change: new Map(), destroy: [] });
        }
      }),
      { seed: 20261123, numRuns: 60 },
    );
    for (const [what, times] of Object.entries(seen)) expect(times, what).toBeGreaterThan(20);
  });

  it('never lets a packet through between two states that neither of them would', () => {
    const seen = { moments: 0, tighter: 0 };
    fc.assert(
      fc.property(events(20), fc.array(events(4), { minLength: 2, maxLength: 4 }), attempts, (list, rounds, tries) => {
        const tracker = new IsolationTracker('node-a');
        const compiler = new IsolationCompiler({ ...OPTIONS, family });
        const kernel = new SetMirror();
        compiler.update(tracker.take());
        let ruleset = held(compiler.ruleset);
        for (const round of [list, ...rounds]) {
          for (const event of round) tell(tracker, event);
          const allowed = () => {
            const text = { ruleset, world: worldOf(kernel.sets) };
            return tries.map((one) => !refusedByText(text, one));
          };
          const before = allowed();
          const { prepare, widen, discard } = renderSets(compiler.update(tracker.take()).sets);
          kernel.apply(prepare);
          const prepared = allowed();
          ruleset = held(compiler.ruleset);
          const ruled = allowed();
          kernel.apply(widen);
          const after = allowed();
          kernel.apply(discard);
          expect(allowed()).toEqual(after);
          for (const i of tries.keys()) {
            if (prepared[i]) expect(before[i], 'sets are prepared').toBe(true);
            if (ruled[i]) expect(after[i], 'rules are written').toBe(true);
            seen.moments++;
            seen.tighter += Number(before[i] && !after[i]);
          }
        }
      }),
      { seed: 20261123, numRuns: 25 },
    );
    for (const [what, times] of Object.entries(seen)) expect(times, what).toBeGreaterThan(30);
  });
});

describe('what pods send to their own node', () => {
  const ADDRESS = '10.244.1.7';
  const NODE = '192.168.1.11';
  const refused = (
    options: Partial<IsolationOptions>,
    packet: { source: string; protocol: 'tcp' | 'udp'; port: number },
  ) => {
    const tracker = new IsolationTracker('node-a');
    const compiler = new IsolationCompiler({ ...OPTIONS, closedRanges: ['10.244.1.0/24'], ...options });
    tracker.setPod({
      metadata: { namespace: 'shop', name: 'a' },
      spec: { nodeName: 'node-a' },
      status: { phase: 'Running', podIP: ADDRESS },
    });
    const spec = { podSelector: {}, policyTypes: ['Egress'], egress: [{ ports: [{ port: 53 }] }] };
    tracker.setPolicy({ metadata: { namespace: 'shop', name: 'names' }, spec });
    compiler.update(tracker.take());
    const world = { ...worldOf(compiler.sets), localAddresses: [NODE] };
    const kinds = (to: string) =>
      walk(compiler.ruleset, { from: 'pod', destination: to, ...packet }, world).map(({ kind }) => kind);
    return { inward: kinds(NODE).includes('drop'), outward: kinds('192.168.1.12').includes('drop') };
  };
  const dns = { source: ADDRESS, protocol: 'tcp', port: 53 } as const;
  const web = { source: ADDRESS, protocol: 'tcp', port: 80 } as const;
  const tunnel = { source: ADDRESS, protocol: 'udp', port: 4789 } as const;

  it('is exempt, unless it shall be filtered', () => {
    expect(refused({}, web)).toEqual({ inward: false, outward: true });
    expect(refused({ ownNode: 'filter' }, web)).toEqual({ inward: true, outward: true });
    expect(refused({ ownNode: 'filter' }, dns)).toEqual({ inward: false, outward: false });
    expect(refused({ ownNode: 'filter' }, { ...web, source: '10.244.1.9' })).toEqual({ inward: true, outward: true });
    expect(refused({ ownNode: 'filter' }, { ...web, source: '192.168.1.12' })).toEqual({
      inward: false,
      outward: false,
    });
  });

  it('is refused on its way into the tunnels of nodes, whatever policies say', () => {
    const open = { ...tunnel, source: '192.168.1.12' };
    expect(refused({ encapsulationPort: 4789 }, tunnel)).toEqual({ inward: true, outward: true });
    expect(refused({ encapsulationPort: 4789 }, open)).toEqual({ inward: false, outward: false });
    expect(refused({ encapsulationPort: 4789 }, web)).toEqual({ inward: false, outward: true });
    expect(refused({}, tunnel)).toEqual({ inward: false, outward: true });
  });
});

describe('what no pod is known to have', () => {
  it('is closed in both directions where its range is closed, until the pod is known', () => {
    const tracker = new IsolationTracker('node-a');
    const compiler = new IsolationCompiler({ ...OPTIONS, closedRanges: ['10.244.1.0/24'] });
    compiler.update(tracker.take());
    const out = { from: '10.244.1.7', to: '203.0.113.9', protocol: 'TCP', port: 443 } as const;
    const back = { ...out, from: out.to, to: out.from };
    expect([out, back].map((one) => refusedByText(textOf(compiler), one))).toEqual([true, true]);
    expect(refusedByText(textOf(compiler), { ...out, from: '10.244.2.7' })).toBe(false);
    tracker.setPod({
      metadata: { namespace: 'shop', name: 'a' },
      spec: { nodeName: 'node-a' },
      status: { phase: 'Running', podIP: '10.244.1.7' },
    });
    const { sets } = compiler.update(tracker.take());
    expect(renderSets(sets).widen).toMatch(/^add CITY-I4-\S+-known 10\.244\.1\.7 -exist\n$/);
    expect([out, back].map((one) => refusedByText(textOf(compiler), one))).toEqual([false, false]);
  });
});

/** As it is now, whatever the compiler does later. */
function held(ruleset: Ruleset): Ruleset {
  return { ...ruleset, chains: { filter: new Map(ruleset.chains.filter), nat: new Map() } };
}

function plain({ chains, jumps, sets }: Ruleset) {
  return { chains: sorted(chains.filter), jumps, sets: [...sets].sort() };
}

function sorted<T>(map: ReadonlyMap<string, T>): [string, T][] {
  return [...map].sort(([a], [b]) => (a < b ? -1 : 1));
}
