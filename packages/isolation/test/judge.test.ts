import { describe, expect, it } from 'vitest';
import { IsolationTracker, judge, refusalHere } from '../src/index.ts';

function city(node?: string): IsolationTracker {
  const tracker = new IsolationTracker(node);
  for (const name of ['shop', 'pay']) tracker.setNamespace({ metadata: { name } });
  const pod = (namespace: string, name: string, ip: string) =>
    tracker.setPod({
      metadata: { namespace, name, labels: { app: name } },
      spec: { nodeName: 'node-a', containers: [{ ports: [{ name: 'http', containerPort: 8080 }] }] },
      status: { phase: 'Running', podIP: ip },
    });
  pod('shop', 'checkout', '10.244.1.1');
  pod('shop', 'browse', '10.244.1.2');
  pod('pay', 'ledger', '10.244.1.3');
  tracker.setNode({
    metadata: { name: 'node-a' },
    status: { addresses: [{ type: 'InternalIP', address: '192.168.1.11' }] },
  });
  tracker.setPolicy({ metadata: { namespace: 'pay', name: 'closed' }, spec: { podSelector: {} } });
  tracker.setPolicy({
    metadata: { namespace: 'pay', name: 'from-checkout' },
    spec: {
      podSelector: { matchLabels: { app: 'ledger' } },
      ingress: [
        { from: [{ ipBlock: { cidr: '203.0.113.0/24' } }] },
        {
          from: [{ namespaceSelector: {}, podSelector: { matchLabels: { app: 'checkout' } } }],
          ports: [{ port: 'http' }],
        },
      ],
    },
  });
  return tracker;
}

const to = { to: '10.244.1.3', protocol: 'TCP', port: 8080 } as const;

describe('judge says why', () => {
  it('names the rule that allows, and all policies that isolate', () => {
    expect(judge(city(), { from: '10.244.1.1', ...to })).toEqual({
      allowed: true,
      egress: { pod: 'shop/checkout', verdict: 'open', policies: [], by: [] },
      ingress: {
        pod: 'pay/ledger',
        verdict: 'allowed',
        policies: ['pay/closed', 'pay/from-checkout'],
        by: [{ policy: 'pay/from-checkout', rule: 1 }],
      },
    });
  });

  it('names the policies that refuse', () => {
    const { allowed, ingress } = judge(city(), { from: '10.244.1.2', ...to });
    expect(allowed).toBe(false);
    expect(ingress).toEqual({
      pod: 'pay/ledger',
      verdict: 'refused',
      policies: ['pay/closed', 'pay/from-checkout'],
      by: [],
    });
  });

  it('tells the node of a pod and the pod itself from everybody else', () => {
    expect(judge(city(), { from: '192.168.1.11', ...to }).ingress.verdict).toBe('own-node');
    expect(judge(city(), { from: '10.244.1.3', ...to }).ingress.verdict).toBe('itself');
    expect(judge(city(), { from: '192.168.1.12', ...to }).ingress.verdict).toBe('refused');
  });

  it('asks the pod about its own node where that is filtered, and never about what its node sends', () => {
    const tracker = city();
    const spec = { podSelector: {}, policyTypes: ['Egress'] };
    tracker.setPolicy({ metadata: { namespace: 'pay', name: 'inward' }, spec });
    const out = { from: '10.244.1.3', to: '192.168.1.11', protocol: 'TCP', port: 10250 } as const;
    expect(judge(tracker, out).egress.verdict).toBe('own-node');
    expect(judge(tracker, out, 'filter').egress).toMatchObject({ verdict: 'refused', policies: ['pay/inward'] });
    for (const node of ['node-a', 'node-b'] as const) {
      const verdict = node === tracker.podsAt(out.from)[0]?.node ? 'refused' : 'own-node';
      expect(judge(tracker, out, (one) => (one === node ? 'filter' : 'exempt')).egress.verdict).toBe(verdict);
    }
    expect(judge(tracker, { ...out, from: out.to, to: out.from }, 'filter').ingress.verdict).toBe('own-node');
  });

  it('tells which end of this node refuses', () => {
    const tracker = city('node-b');
    const judgement = judge(tracker, { from: '192.168.1.12', ...to });
    expect(judgement.allowed).toBe(false);
    expect(refusalHere(tracker, judgement)).toBeUndefined();
    const here = city('node-a');
    expect(refusalHere(here, judge(here, { from: '192.168.1.12', ...to }))?.direction).toBe('ingress');
  });

  it('reads addresses in any spelling, and refuses what is none', () => {
    expect(judge(city(), { from: '010.244.001.001', ...to }).allowed).toBe(true);
    expect(() => judge(city(), { from: 'checkout', ...to })).toThrow('not an address: "checkout"');
  });

  it('asks the younger one where two pods say they have an address', () => {
    const tracker = city();
    tracker.setPod({
      metadata: { namespace: 'shop', name: 'late', labels: {}, creationTimestamp: '2026-11-23T00:00:00Z' },
      status: { phase: 'Running', podIP: '10.244.1.3' },
    });
    expect(judge(tracker, { from: '10.244.1.2', ...to }).ingress).toMatchObject({ pod: 'shop/late', verdict: 'open' });
  });
});
