import type { SteerAnswer, SteerRequest } from '@kubecity/protocol';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { LONG, NODES, patiently, SteeredCity } from './lab/steered-city.ts';

/** What a dry run shows of each node, what is written then, and what is there when it was undone. */
vi.setConfig(LONG);
const town = new SteeredCity();
const { hub } = town;
const PODS = ['p1', 'p2', 'p3'];

beforeAll(async () => {
  await town.open();
  for (const [index, pod] of PODS.entries()) await town.addBackend(NODES[index] as string, pod, 10);
  town.putService('cart', 10, PODS);
  town.putService('till', 11, PODS, {
    spec: { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 60 } } },
  });
  await town.start();
});
afterAll(() => town.close());

type Done = Extract<SteerAnswer, { ok: true }>;

/** As the screen does it, again when the hub knows the cluster not yet. */
async function steer(request: SteerRequest): Promise<Done> {
  const { answer } = await hub.steer(request);
  if (!answer.ok) throw new Error(`${answer.code}: ${answer.message}`);
  return answer;
}

/** When nothing is being written any more. */
async function rulesAtRest(): Promise<string[][]> {
  return patiently(async () => {
    const read = () => NODES.map((node) => town.rules(node));
    const before = read();
    await new Promise((resolve) => setTimeout(resolve, 1500));
    expect(read()).toEqual(before);
    return before;
  });
}

type Wish = Pick<Extract<SteerRequest, { action: 'steer' }>, 'target' | 'effect'>;
const cart: Wish['target'] = { kind: 'service', namespace: 'shop', name: 'cart', backends: { podNames: ['p1'] } };
const cases: readonly [string, Wish][] = [
  ['a drain of a backend', { target: cart, effect: { kind: 'drain' } }],
  ['a weight', { target: cart, effect: { kind: 'weight', weight: 37 } }],
  ['a share of a group', { target: cart, effect: { kind: 'share', share: 10 } }],
  [
    'a drain of a pod in all its Services',
    { target: { kind: 'pod', namespace: 'shop', name: 'p2' }, effect: { kind: 'drain' } },
  ],
  ['a drain of a node', { target: { kind: 'node', name: 'node-c' }, effect: { kind: 'drain' } }],
];

it.each(cases)(
  '%s: the dry run changes no rule, what is written is what it showed, undo restores the same rules',
  async (_, wish) => {
    const before = await rulesAtRest();
    const dry = await steer({ action: 'steer', ...wish, dryRun: true });
    expect(await rulesAtRest()).toEqual(before);
    const shown = new Map(dry.preview?.nodes.map(({ node, chains = [], error }) => [node, error ?? chains]));
    expect([...shown.keys()].sort()).toEqual([...NODES]);

    const done = await steer({ action: 'steer', ...wish, seen: dry.seen });
    expect(done.preview).toBeUndefined();
    const name = done.override?.split('/').at(-1) as string;
    await town.holds(name);
    const after = NODES.map((node) => town.rules(node));
    for (const [index, node] of NODES.entries()) {
      const chains = shown.get(node);
      if (chains === undefined || typeof chains === 'string') throw new Error(`${node}: ${chains}`);
      const lines = (which: 'before' | 'after') =>
        chains.flatMap((each) => each[which].map((rule) => `-A ${each.chain} ${rule}`)).sort();
      const [was, is] = [before[index] as string[], after[index] as string[]];
      const touched = new Set(chains.map(({ chain }) => chain));
      const inTouched = (line: string) => line.startsWith('-A ') && touched.has(line.split(' ')[1] ?? '');
      expect(chains.length).toBeGreaterThan(0);
      expect(was.filter(inTouched).sort()).toEqual(lines('before'));
      expect(is.filter(inTouched).sort()).toEqual(lines('after'));
      // Nothing else differs, line for line.
      expect(is.filter((line) => !isOf(touched, line))).toEqual(was.filter((line) => !isOf(touched, line)));
    }

    await steer({ action: 'undo', change: done.change as string });
    await town.holds(name, 'absent');
    await patiently(() => expect(NODES.map((node) => town.rules(node))).toEqual(before));
  },
);

/** A rule of one of these chains, or the line that makes it. */
const isOf = (chains: ReadonlySet<string>, line: string) => {
  const [first = '', second = ''] = line.split(' ');
  return chains.has(first === '-A' ? second : first.slice(1));
};
