import { IsolationTracker, judge } from '@kubecity/isolation';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parse } from 'yaml';
import { Cluster } from './cluster.ts';

const cluster = new Cluster();
const shop = { namespace: 'shop' };

function put(kind: string, metadata: object, rest: object = {}): void {
  cluster.put({ apiVersion: kind === 'NetworkPolicy' ? 'networking.k8s.io/v1' : 'v1', kind, metadata, ...rest });
}

function pod(
  namespace: string,
  name: string,
  ip: string,
  more: { node?: string; labels?: Record<string, string> } = {},
) {
  const { node = 'node-a', labels = { app: name.replace(/-\d+$/, '') } } = more;
  const ports = [{ name: 'http', containerPort: 8080 }];
  put(
    'Pod',
    { namespace, name, uid: `uid-${name}`, labels },
    {
      spec: { nodeName: node, containers: [{ name: 'c', image: 'i', ports }] },
      status: { phase: 'Running', podIP: ip },
    },
  );
}

const only = {
  podSelector: { matchLabels: { app: 'pay' } },
  ingress: [
    {
      from: [
        {
          namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'shop' } },
          podSelector: { matchLabels: { app: 'checkout' } },
        },
      ],
      ports: [{ port: 'http' }],
    },
  ],
};

beforeAll(async () => {
  await cluster.start();
  put('Namespace', { name: 'payments' });
  put('Node', { name: 'node-a' }, { status: { addresses: [{ type: 'InternalIP', address: '192.168.0.1' }] } });
  for (const n of [1, 2, 3, 4])
    pod('shop', `cart-${n}`, `10.0.0.${n}`, {
      node: n < 3 ? 'node-a' : 'node-b',
      labels: { app: 'cart', 'pod-template-hash': 'x1' },
    });
  pod('shop', 'web-1', '10.0.1.1', { labels: { app: 'web', 'pod-template-hash': 'f00' } });
  pod('shop', 'checkout-1', '10.0.1.2', { node: 'node-b' });
  pod('payments', 'pay-1', '10.0.2.1');
  put('NetworkPolicy', { namespace: 'payments', name: 'closed' }, { spec: { podSelector: {} } });
  put('NetworkPolicy', { namespace: 'payments', name: 'only-checkout' }, { spec: only });
});
afterAll(() => cluster.stop());

const why = (rest: string) => cluster.run(`isolation why ${rest}`);

describe('kubecity isolation why', () => {
  it('says what each end says, by which policy and rule', async () => {
    const allowed = await why('--from checkout-1 --to payments/pay-1 --port 8080');
    expect([allowed.code, allowed.data.split('\n').slice(0, 4)]).toEqual([
      0,
      [
        'shop/checkout-1 → payments/pay-1, TCP: allowed',
        '  10.0.2.1:8080 payments/pay-1 on node-a',
        '    leaving shop/checkout-1: open, no policy isolates it for egress',
        '    entering payments/pay-1: allowed by payments/only-checkout spec.ingress[0]',
      ],
    ]);
    const refused = await why('--from pod/web-1 --to pod/payments/pay-1 --port 8080');
    expect(refused.code).toBe(3);
    expect(refused.data).toContain(
      'entering payments/pay-1: refused, payments/closed, payments/only-checkout isolate it and no rule allows this',
    );
    expect(refused.data).toContain('not known without a dashboard');
    expect((await why('--from checkout-1 --to payments/pay-1 --port 9000')).code).toBe(3);
    expect((await why('--from checkout-1 --to payments/pay-1 --port 8080 --protocol UDP')).code).toBe(3);
  });

  it('says what to add, and that would open it', async () => {
    const { data } = await why('--from web-1 --to payments/pay-1 --port 8080');
    const [, text = ''] =
      /add to spec\.ingress of NetworkPolicy payments\/only-checkout:\n((?: {4}.*\n)+)/.exec(data) ?? [];
    const [rule] = parse(text);
    expect(rule.from[0].podSelector).toEqual({ matchLabels: { app: 'web' } });
    const opens = (
      policies: { metadata: { namespace: string; name: string }; spec: unknown }[],
      from: object,
      to: object,
    ) => {
      const tracker = new IsolationTracker();
      for (const name of ['shop', 'payments']) tracker.setNamespace({ metadata: { name } });
      const at = (ip: string, end: object) =>
        tracker.setPod({ ...end, status: { phase: 'Running', podIP: ip } } as never);
      at('10.0.0.1', from);
      at('10.0.0.2', to);
      for (const policy of policies) tracker.setPolicy(policy);
      return judge(tracker, { from: '10.0.0.1', to: '10.0.0.2', protocol: 'TCP', port: 8080 }).allowed;
    };
    const web = { metadata: { ...shop, name: 'web-1', labels: { app: 'web' } } };
    const pay = { metadata: { namespace: 'payments', name: 'pay-1', labels: { app: 'pay' } } };
    const policies = (ingress: object[]) => [
      { metadata: { namespace: 'payments', name: 'closed' }, spec: { podSelector: {} } },
      { metadata: { namespace: 'payments', name: 'only-checkout' }, spec: { ...only, ingress } },
    ];
    expect([opens(policies(only.ingress), web, pay), opens(policies([...only.ingress, rule]), web, pay)]).toEqual([
      false,
      true,
    ]);

    // where only a policy of the whole namespace closes it, a rule there would open every pod
    pod('payments', 'ledger-1', '10.0.2.2', { labels: { app: 'ledger', 'controller-revision-hash': 'x' } });
    const { additions } = JSON.parse((await why('--from web-1 --to payments/ledger-1 --port 8080 -o json')).data);
    expect(additions).toEqual([
      {
        direction: 'ingress',
        object: expect.objectContaining({ metadata: { namespace: 'payments', name: 'ledger-1-ingress' } }),
      },
    ]);
    expect(additions[0].object.spec.podSelector).toEqual({ matchLabels: { app: 'ledger' } });
    const ledger = { metadata: { namespace: 'payments', name: 'ledger-1', labels: { app: 'ledger' } } };
    expect(opens([...policies(only.ingress), additions[0].object], web, ledger)).toBe(true);
  });

  it('asks at each endpoint of a Service, by name or number of its port', async () => {
    const open = await why('--from web-1 --to service/cart:http');
    expect([open.code, open.data.split('\n')[0]]).toEqual([0, 'shop/web-1 → Service shop/cart:http, TCP: allowed']);
    expect((await why('--from web-1 --to svc/shop/cart --port 80')).code).toBe(0);
    const spec = { podSelector: { matchLabels: { tier: 'closed' } } };
    put('NetworkPolicy', { ...shop, name: 'closed' }, { spec });
    pod('shop', 'cart-4', '10.0.0.4', { node: 'node-b', labels: { app: 'cart', tier: 'closed' } });
    const some = await why('--from web-1 --to service/cart');
    expect([some.code, some.data.split('\n')[0]]).toEqual([
      3,
      'shop/web-1 → Service shop/cart:http, TCP: refused at 1 of 4 endpoints',
    ]);
    const { ways } = JSON.parse((await why('--from web-1 --to service/cart -o json')).data);
    expect(ways.map(({ to, allowed }: { to: string; allowed: boolean }) => [to, allowed])).toEqual([
      ['10.0.0.1:8080', true],
      ['10.0.0.2:8080', true],
      ['10.0.0.3:8080', true],
      ['10.0.0.4:8080', false],
    ]);
    await cluster.client.delete(POLICIES, { ...shop, name: 'closed' });
  });

  it('knows nodes, and addresses that no pod has', async () => {
    const node = await why('--from node/node-a --to payments/pay-1 --port 8080');
    expect([node.code, node.data]).toEqual([0, expect.stringContaining('allowed, its own node always reaches a pod')]);
    const outside = await why('--from 203.0.113.9 --to payments/pay-1 --port 8080');
    expect([outside.code, outside.data]).toEqual([3, expect.stringContaining('cidr: 203.0.113.9/32')]);
    const spec = { nodeName: 'node-a', hostNetwork: true, containers: [{ name: 'c', image: 'i' }] };
    const status = { phase: 'Running', podIP: '192.168.0.1' };
    put('Pod', { ...shop, name: 'exporter' }, { spec, status });
    const host = await why('--from checkout-1 --to exporter --port 9100');
    expect([host.code, host.data]).toEqual([
      0,
      expect.stringContaining('shop/exporter is in the network of node node-a'),
    ]);
    const away = await why('--from web-1 --to 10.96.0.10 --port 80');
    expect([away.code, away.data]).toEqual([0, expect.stringContaining('name it as service/NAME')]);
  });

  it.each([
    ['--from web-1 --to payments/pay-1', 2, 'Give --port'],
    ['--from web-1 --to payments/pay-1 --port http', 2, 'Give a number'],
    ['--from web-1 --to payments/pay-1:8080', 2, 'The port goes into --port'],
    ['--from service/cart --to payments/pay-1 --port 80', 2, '"service/cart" is no end'],
    ['--from web-1', 2, "required option '--to <end>' not specified"],
    ['--from nobody --to payments/pay-1 --port 80', 1, 'There is no pod nobody in namespace shop'],
    ['--from web-1 --to service/cart:grpc', 1, 'has no TCP port grpc. It has: http'],
    ['--from web-1 --to service/nobody', 1, 'There is no Service nobody'],
  ])('%s: exit code %i', async (line, code, words) => {
    expect(await why(line)).toMatchObject({ code, words: expect.stringContaining(words) });
  });

  it('does with the rights of who asks, and says what that leaves out', async () => {
    expect(await cluster.runAs('vic', 'isolation why --from web-1 --to cart-1 --port 80')).toMatchObject({ code: 0 });
    const tom = await cluster.runAs('tom', 'isolation why --from web-1 --to cart-1 --port 80');
    expect([tom.code, tom.words]).toEqual([1, expect.stringContaining('networkpolicies')]);
  });
});

const POLICIES = { group: 'networking.k8s.io', version: 'v1', plural: 'networkpolicies', namespaced: true } as const;

describe('kubecity isolation list', () => {
  it('tells the policies with the pods they select and their directions', async () => {
    const { code, data } = await cluster.run('isolation list -n payments -o wide');
    expect(code).toBe(0);
    expect(data.split('\n')).toEqual([
      expect.stringMatching(/^NAMESPACE +NAME +PODS +INGRESS +EGRESS +PROBLEMS +SELECTOR +SELECTS$/),
      expect.stringMatching(/^payments +closed +2 +closed +- +- +\* +ledger-1,pay-1$/),
      expect.stringMatching(/^payments +only-checkout +1 +1 rule +- +- +app=pay +pay-1$/),
    ]);
    expect((await cluster.run('isolation list')).words).toContain('No NetworkPolicies in namespace shop');
    const all = JSON.parse((await cluster.run('isolation list -A -o json')).data);
    expect(all.map(({ name }: { name: string }) => name)).toEqual(['closed', 'only-checkout']);
  });
});
