import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { AgentAnswer } from '@kubecity/protocol';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { Cluster } from './cluster.ts';
import { DashboardProcess } from './dashboard-process.ts';

const cluster = new Cluster();
const dashboard = new DashboardProcess(cluster.socketPath, cluster.folder);
const file = join(cluster.folder, 'policies.yaml');
let opened = 0;

const pod = (name: string, ip: string) =>
  cluster.put({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { namespace: 'shop', name, uid: `uid-${name}`, labels: { app: name.slice(0, -2) } },
    spec: { nodeName: 'node-a', containers: [{ name: 'c', image: 'i' }] },
    status: { phase: 'Running', podIP: ip },
  });

beforeAll(async () => {
  await cluster.start();
  pod('web-1', '10.0.1.1');
  pod('cart-1', '10.0.0.1');
  await dashboard.start();
  const refused: AgentAnswer = { kind: 'refused', code: 'invalid-request', message: 'not asked here' };
  await dashboard.connectAgent(() => refused);
  // a step of the history takes two seconds with news
  const known = async () => {
    opened += 3;
    dashboard.tellEdges(opened);
    writeFileSync(file, policy({ podSelector: {} }));
    const { data } = await preview(`-f ${file} -o json`);
    expect(JSON.parse(data).differences).toMatchObject([{ opened: expect.toSatisfy((count: number) => count >= 3) }]);
  };
  await vi.waitFor(known, { timeout: 40_000, interval: 700 });
});
afterAll(async () => {
  await dashboard.stop();
  await cluster.stop();
});

const preview = (rest: string, known = dashboard.url) => cluster.run(`--dashboard ${known} isolation preview ${rest}`);
const policy = (spec: object, name = 'p') =>
  JSON.stringify({ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata: { name }, spec });
const from = (app: string) => ({ from: [{ podSelector: { matchLabels: { app } } }] });
const cart = { podSelector: { matchLabels: { app: 'cart' } } };

async function previewOf(text: string, rest = '') {
  writeFileSync(file, text);
  return preview(`-f ${file}${rest}`);
}

describe('kubecity isolation preview', () => {
  it('tells what would be cut by which policy, and ends with 3', async () => {
    const { code, data, words } = await previewOf(policy({ ...cart, ingress: [from('checkout')] }));
    expect(code).toBe(3);
    expect(data.split('\n')).toEqual([
      expect.stringMatching(/^CHANGE +FROM +TO +CONNECTIONS +FAILED +OPEN NOW +BY$/),
      expect.stringMatching(/^cut +shop\/web-1 +shop\/cart:http\/TCP +\d+ +0 +3 +ingress of shop\/p$/),
    ]);
    expect(words).toMatch(/cut +1 pair, at least \d+ connections opened in that time, 3 open/);
    expect(words).toContain('did not tell whether it enforces policies');
  });

  it('ends with 0 where nothing is cut', async () => {
    const { code, words } = await previewOf(policy({ ...cart, ingress: [from('web')] }));
    expect([code, words]).toEqual([0, expect.stringContaining('Nothing of this traffic would change.')]);
    const { data } = await previewOf(policy({ ...cart, ingress: [from('web')] }), ' -o wide');
    expect(data).toMatch(/- +shop\/web-1 +shop\/cart:http\/TCP .*allowed +allowed/);
  });

  it('reads any number of documents and lists, and names what it leaves out', async () => {
    const list = `{"kind":"List","items":[${policy({ ...cart, ingress: [from('web')] }, 'q')}]}`;
    const text = [policy({ podSelector: {} }), '{"kind":"ConfigMap"}', '', list].join('\n---\n');
    const { code, words } = await previewOf(text);
    expect([code, words]).toEqual([0, expect.stringContaining('more than NetworkPolicies: ConfigMap')]);
  });

  it('tells what a policy that goes would open, and cut', async () => {
    const put = (name: string, spec: object) =>
      cluster.put({ ...JSON.parse(policy(spec, name)), metadata: { namespace: 'shop', name } });
    put('closed', { podSelector: {} });
    put('web', { ...cart, ingress: [from('web')] });
    const opens = await preview('--delete shop/closed,web');
    expect([opens.code, opens.words]).toEqual([0, expect.stringContaining('Nothing of this traffic')]);
    const cuts = await preview('--delete web -o json');
    expect([cuts.code, JSON.parse(cuts.data).differences]).toEqual([
      3,
      [expect.objectContaining({ change: 'cut', before: 'allowed', after: 'refused', by: ['ingress of shop/closed'] })],
    ]);
    await cluster.client.delete(POLICIES, { namespace: 'shop', name: 'web' });
    const frees = await preview('--delete shop/closed -o json');
    expect([frees.code, JSON.parse(frees.data).differences]).toEqual([
      0,
      [expect.objectContaining({ change: 'opened', by: ['no policy isolates it for ingress'] })],
    ]);
    await cluster.client.delete(POLICIES, { namespace: 'shop', name: 'closed' });
    expect(await preview('--delete closed')).toMatchObject({
      code: 1,
      words: 'There is no NetworkPolicy shop/closed.',
    });
  });

  it('guesses nothing of a pod that is gone', async () => {
    await cluster.client.delete(PODS, { namespace: 'shop', name: 'web-1' }, { gracePeriodSeconds: 0 });
    const byLabel = await previewOf(policy({ ...cart, ingress: [from('web')] }), ' -o json');
    expect([byLabel.code, JSON.parse(byLabel.data).differences]).toEqual([
      0,
      [expect.objectContaining({ change: 'unknown', client: 'shop/web-1', before: 'allowed', after: 'unknown' })],
    ]);
    const byNamespace = await previewOf(policy({ ...cart, ingress: [{ from: [{ podSelector: {} }] }] }));
    expect([byNamespace.code, byNamespace.words]).toEqual([0, expect.stringContaining('Nothing of this traffic')]);
    const nobody = await previewOf(policy({ ...cart, ingress: [] }));
    expect([nobody.code, nobody.data]).toEqual([3, expect.stringMatching(/cut +shop\/web-1/)]);
    pod('web-1', '10.0.1.1');
  });

  it.each([
    ['no YAML', 'a: [', /is no YAML/],
    ['nothing', '', /has no NetworkPolicy/],
    [
      'no name',
      '{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {}, spec: {}}',
      /object 1: metadata\.name: must be the name/,
    ],
    [
      'another version',
      '{apiVersion: v1, kind: NetworkPolicy, metadata: {name: p}, spec: {}}',
      /object 1: apiVersion: /,
    ],
    [
      'faults',
      policy({ ...cart, ingress: [{ from: [{}], ports: [{ port: 0 }] }] }),
      /NetworkPolicy shop\/p: spec\.ingress\[0\]\.from\[0\] must have .*\n.*spec\.ingress\[0\]\.ports\[0\]\.port must be a number/,
    ],
    ['the same twice', [policy(cart), policy(cart)].join('\n---\n'), /shop\/p is in the file twice/],
  ])('a file with %s is told with object and field', async (_what, text, words) => {
    expect(await previewOf(text)).toMatchObject({ code: 1, words: expect.stringMatching(words) });
  });

  it('tells that what was refused within the last minute would be let through', async () => {
    const metadata = { namespace: 'shop', name: 'closed' };
    cluster.put({ ...JSON.parse(policy({ podSelector: {} })), metadata });
    dashboard.tellRefusal(['shop/closed']);
    const refused = expect.objectContaining({
      change: 'opened',
      client: 'shop/web-1',
      to: 'shop/cart:http/TCP',
      before: 'refused',
      after: 'allowed',
      by: ['ingress of shop/p'],
      // told once, by the node that saw it opened
      edges: 1,
    });
    const lets = async () =>
      JSON.parse((await previewOf(policy({ ...cart, ingress: [from('web')] }), ' -o json')).data);
    await expect
      .poll(async () => (await lets()).differences, { timeout: 20_000, interval: 500 })
      .toContainEqual(refused);
    await cluster.client.delete(POLICIES, metadata);
  });

  it('does not call it cut where nothing but attempts was seen that fail already', async () => {
    const told = async () => {
      opened += 3;
      dashboard.tellEdges(opened, 7);
      const { code, data } = await previewOf(policy({ ...cart, ingress: [from('checkout')] }), ' -o json');
      const { differences, failed } = JSON.parse(data);
      expect(differences).toContainEqual(
        expect.objectContaining({
          ...{ change: 'none', to: 'shop/cart-1 port 9090', before: 'allowed', after: 'refused' },
          ...{ by: ['ingress of shop/p'], opened: 0, failed: 7 },
        }),
      );
      const cut = differences.filter(({ change }: { change: string }) => change === 'cut');
      expect([code, cut.map(({ to }: { to: string }) => to), failed]).toEqual([3, ['shop/cart:http/TCP'], 7]);
    };
    await vi.waitFor(told, { timeout: 40_000, interval: 700 });
    const { words } = await previewOf(policy({ ...cart, ingress: [from('checkout')] }));
    expect(words).toMatch(/connections between 3 pairs of client and backend, and 7 attempts that failed:/);
  });

  it('judges what pods open to their own node as its agent does', async () => {
    cluster.put({
      apiVersion: 'v1',
      kind: 'Node',
      metadata: { name: 'node-a' },
      status: { addresses: [{ type: 'InternalIP', address: '192.168.7.1' }] },
    });
    const closed = policy({ podSelector: { matchLabels: { app: 'web' } }, policyTypes: ['Egress'], egress: [] });
    const toNode = async () =>
      JSON.parse((await previewOf(closed, ' -o json')).data).differences.find(
        ({ to }: { to: string }) => to === '192.168.7.1:10250',
      );
    await expect.poll(toNode, { timeout: 20_000, interval: 500 }).toMatchObject({ change: 'none', after: 'allowed' });
    dashboard.tellIsolation('filter');
    await expect
      .poll(toNode, { timeout: 20_000, interval: 500 })
      .toMatchObject({ change: 'cut', after: 'refused', by: ['egress of shop/p'] });
    cluster.put({ ...JSON.parse(closed), metadata: { namespace: 'shop', name: 'p' } });
    const question = 'isolation why --from shop/web-1 --to 192.168.7.1 --port 10250';
    const asked = await cluster.run(`--dashboard ${dashboard.url} ${question}`);
    expect([asked.code, asked.data]).toEqual([3, expect.stringContaining('refused, shop/p isolates it')]);
    const alone = await cluster.run(question);
    expect([alone.code, alone.data]).toEqual([
      0,
      expect.stringContaining('unless agents have isolationOwnNode: filter'),
    ]);
    await cluster.client.delete(POLICIES, { namespace: 'shop', name: 'p' });
  });

  it('needs policies, a dashboard and a past', async () => {
    expect(await preview('')).toMatchObject({ code: 2, words: expect.stringContaining('-f FILE') });
    expect(await preview('--delete a/b/c')).toMatchObject({ code: 2 });
    rmSync(file);
    expect(await preview(`-f ${file}`)).toMatchObject({ code: 1, words: expect.stringContaining('cannot be read') });
    writeFileSync(file, policy(cart));
    expect(await preview(`-f ${file}`, 'http://127.0.0.1:1')).toMatchObject({ code: 1 });
    expect(await cluster.run(`isolation preview -f ${file}`)).toMatchObject({
      code: 2,
      words: expect.stringContaining('--dashboard URL'),
    });
  });
});

const POLICIES = { group: 'networking.k8s.io', version: 'v1', plural: 'networkpolicies', namespaced: true } as const;
const PODS = { group: '', version: 'v1', plural: 'pods', namespaced: true } as const;
