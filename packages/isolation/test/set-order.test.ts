import { describe, expect, it } from 'vitest';
import { IsolationCompiler, IsolationTracker, type PolicyPod, renderSets } from '../src/index.ts';

const pod = (app: string, node: string, ip: string): PolicyPod => ({
  metadata: { namespace: 'pay', name: app, labels: { app } },
  spec: { nodeName: node },
  status: { phase: 'Running', podIP: ip },
});

/** Lets the named apps come to one app. */
const policy = (to: string, from: readonly string[]) => ({
  metadata: { namespace: 'pay', name: `to-${to}` },
  spec: {
    podSelector: { matchLabels: { app: to } },
    ingress: [{ from: from.map((app) => ({ podSelector: { matchLabels: { app } } })) }],
  },
});

describe('the order in which sets are created', () => {
  it('begins with those that most chains ask for', () => {
    const tracker = new IsolationTracker('here');
    const compiler = new IsolationCompiler({ family: 'IPv4', refusal: 'drop', closedRanges: ['10.244.1.0/24'] });
    for (const [i, app] of ['a', 'b', 'c'].entries()) {
      tracker.setPod(pod(app, 'here', `10.244.1.${1 + i}`));
      tracker.setPod(pod(`only-${app}`, 'there', `10.244.2.${1 + i}`));
      tracker.setPolicy(policy(app, [`only-${app}`, ...(app === 'a' ? [] : ['some']), 'all']));
    }
    tracker.setPod(pod('some', 'there', '10.244.2.8'));
    tracker.setPod(pod('all', 'there', '10.244.2.9'));
    const { prepare } = renderSets(compiler.update(tracker.take()).sets);
    const added = [...prepare.matchAll(/^add \S+ (\S+)$/gm)].map(([, member]) => member);
    expect(added.slice(0, 2)).toEqual(['10.244.2.9', '10.244.2.8']);
    // Three of only one, and three known pods of the node.
    expect(added).toHaveLength(8);
    const sets = [...compiler.sets.keys()];
    expect([...prepare.matchAll(/^create (\S+)/gm)].map(([, name]) => name)).toEqual(sets);
  });
});
