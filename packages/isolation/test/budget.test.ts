import { filterRulesPassed } from '@kubecity/ruleset';
import { describe, expect, it } from 'vitest';
import {
  IsolationCompiler,
  type IsolationOptions,
  IsolationTracker,
  type IsolationUpdate,
  type PolicyPod,
} from '../src/index.ts';
import { worldOf } from './kernel-world.ts';

const PODS = 250;
const SPACES = 25;
const OPTIONS: IsolationOptions = { family: 'IPv4', refusal: 'drop', closedRanges: [] };

function pod(index: number, node: string, role = 'web'): PolicyPod {
  return {
    metadata: {
      namespace: `space-${index % SPACES}`,
      name: `pod-${index}`,
      labels: { app: `app-${Math.floor(index / SPACES)}`, role },
    },
    spec: { nodeName: node },
    status: { phase: 'Running', podIP: `10.244.${node === 'here' ? 1 : 2}.${index + 1}` },
  };
}

/** Policies in turn for every app of every namespace. */
function policy(index: number, port = 80) {
  const app = Math.floor(index / SPACES) % (PODS / SPACES);
  return {
    metadata: { namespace: `space-${index % SPACES}`, name: `policy-${index}` },
    spec: {
      podSelector: { matchLabels: { app: `app-${app}` } },
      ingress: [{ from: [{ podSelector: { matchLabels: { role: `role-${index}` } } }], ports: [{ port }] }],
    },
  };
}

function node(policies: number) {
  const tracker = new IsolationTracker('here');
  const compiler = new IsolationCompiler(OPTIONS);
  for (let i = 0; i < PODS; i++) {
    tracker.setPod(pod(i, 'here'));
    tracker.setPod({ ...pod(i, 'there'), metadata: { ...pod(i, 'there').metadata, name: `far-${i}` } });
  }
  for (let i = 0; i < policies; i++) tracker.setPolicy(policy(i));
  compiler.update(tracker.take());
  const passed = (destination: string) =>
    filterRulesPassed(
      compiler.ruleset,
      { from: 'external', source: '203.0.113.9', destination, protocol: 'tcp', port: 80 },
      worldOf(compiler.sets),
    );
  const cost = (tell: () => void): { chains: number; sets: number; members: number } => {
    tell();
    const { chains, sets }: IsolationUpdate = compiler.update(tracker.take());
    const members = [...sets.change.values()].reduce(
      (sum, { added, removed }) => sum + added.length + removed.length,
      0,
    );
    return { chains: chains.filter.size, sets: sets.create.length + sets.destroy.length, members };
  };
  return { tracker, passed, cost };
}

describe('what a packet passes', () => {
  it('is five rules where no policy concerns it, whatever the number of policies', () => {
    for (const policies of [1, 250, 1000]) expect(node(policies).passed('10.1.2.3')).toBeLessThanOrEqual(5);
  });

  it('is a look-up, and a row of what the pod’s own policies allow', () => {
    const few = node(250);
    const many = node(1000);
    for (let place = 1; place <= PODS; place += 7) {
      const rules = few.passed(`10.244.1.${place}`);
      // The root, a tree, the gate, and the chain where refusals are remembered and made.
      expect(rules).toBeLessThanOrEqual(5 + 32 + 2 + 4);
      // Three more policies for each pod, of one rule each.
      expect(many.passed(`10.244.1.${place}`)).toBe(rules + 3);
    }
  });
});

describe('what a change costs', () => {
  const { tracker, cost } = node(1000);

  it('is members of sets, and no rule, where a pod elsewhere comes, goes or changes its labels', () => {
    const far = { ...pod(3, 'there', 'role-3'), metadata: { ...pod(3, 'there', 'role-3').metadata, name: 'far-3' } };
    expect(cost(() => tracker.setPod(far))).toEqual({ chains: 0, sets: 0, members: 1 });
    expect(cost(() => tracker.deletePod(far))).toEqual({ chains: 0, sets: 0, members: 1 });
  });

  it('is one chain where a policy changes its ports', () => {
    expect(cost(() => tracker.setPolicy(policy(5, 81)))).toEqual({ chains: 1, sets: 0, members: 0 });
  });

  it('is one chain and the tree above it where a pod of the node goes', () => {
    const { chains, sets } = cost(() => tracker.deletePod(pod(7, 'here')));
    expect(chains).toBeLessThanOrEqual(3);
    expect(sets).toBe(4);
  });
});
