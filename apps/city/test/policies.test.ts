import { IsolationTracker, judge, readPolicy } from '@kubecity/isolation';
import { describe, expect, test } from 'vitest';
import { type CityPlan, planCity } from '../src/plan/city-plan.ts';
import { clientManifest, deploymentManifests, namespaceManifests } from '../src/plan/manifests.ts';
import { policyManifests } from '../src/plan/policies.ts';
import { stray, targetPorts } from '../src/plan/shop.ts';
import { parseCalls } from '../src/workload/call.ts';

const plan = planCity({ nodes: 4 });

/** One pod of each Deployment, and what the same engine as the agents' says about their calls. */
function lookAt(city: CityPlan) {
  const tracker = new IsolationTracker();
  const addresses = new Map<string, string>();
  for (const namespace of namespaceManifests(city)) tracker.setNamespace(namespace);
  for (const policy of policyManifests(city)) tracker.setPolicy(policy);
  const deployments = [...city.services.flatMap(deploymentManifests), ...city.clients.map(clientManifest)];
  for (const [index, { metadata, spec }] of deployments.entries()) {
    const ip = `10.244.1.${index + 2}`;
    const { namespace, name } = metadata;
    addresses.set(`${name}.${namespace}`, ip);
    tracker.setPod({
      metadata: { namespace, name, uid: name, labels: spec.template.metadata.labels },
      spec: { ...spec.template.spec, nodeName: 'node-a' },
      status: { phase: 'Running', podIP: ip, podIPs: [{ ip }] },
    });
  }
  const judged = (caller: string, callee: string) => {
    const [outside = '', outsidePort] = callee.split(':');
    const server = city.services.find(({ name, namespace }) => `${name}.${namespace}` === callee)?.server ?? 'http';
    return judge(tracker, {
      from: addresses.get(caller) ?? caller,
      to: outsidePort === undefined ? (addresses.get(callee) ?? '') : outside,
      protocol: server === 'lookup' ? 'UDP' : 'TCP',
      port: outsidePort === undefined ? targetPorts[server] : Number(outsidePort),
    });
  };
  return { judged };
}

const { judged } = lookAt(plan);
const callees = (calls: readonly string[]) => parseCalls(calls.join('; ')).map(({ callee }) => callee);

test('what the policies say is read without a problem', () => {
  for (const policy of policyManifests(plan)) expect(readPolicy(policy).problems).toEqual([]);
});

test('everything that the shop does is allowed', () => {
  const calls = plan.services.flatMap(({ namespace, name, calls }) =>
    callees(calls).map((callee) => [`${name}.${namespace}`, callee] as const),
  );
  expect(calls.length).toBeGreaterThan(10);
  for (const [caller, callee] of calls) expect(judged(caller, callee).allowed, `${caller} to ${callee}`).toBe(true);
});

describe('the stray', () => {
  test('may call the catalog, and nobody else that it calls', () => {
    const allowed = callees(stray.calls).filter((callee) => judged('stray.shop', callee).allowed);
    expect(allowed).toEqual(['catalog.shop']);
  });

  test('is refused by the payments, and beyond the cluster by its own policy', () => {
    const { ingress } = judged('stray.shop', 'payments.payments');
    expect([ingress.verdict, ingress.policies]).toEqual(['refused', ['payments/only-checkout']]);
    const { egress } = judged('stray.shop', '203.0.113.7:80');
    expect([egress.verdict, egress.policies]).toEqual(['refused', ['shop/stray-stays-inside']]);
  });
});

test('payments and data are closed to all others, from inside and outside', () => {
  for (const callee of ['payments.payments', 'fraud.payments', 'orders-db.data', 'sessions.data']) {
    for (const caller of ['search.shop', 'lookup.platform', '172.18.255.1']) {
      expect(judged(caller, callee).allowed, `${caller} to ${callee}`).toBe(false);
    }
  }
});

test('annexes are open, and a city without a namespace has none of its policies', () => {
  const large = lookAt(planCity({ nodes: 4, services: 25 }));
  expect(large.judged('stray.shop', 'house-1.annex-1').allowed).toBe(true);
  expect(large.judged('web.shop', 'house-3.annex-2').ingress.verdict).toBe('open');
  const small = policyManifests(planCity({ nodes: 1, services: 2 }));
  expect(small.map(({ metadata }) => metadata.namespace)).toEqual(['shop']);
});
