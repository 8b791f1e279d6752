import { createReadStream, existsSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import type { AgentAnswer, AgentQuestion } from '@kubecity/protocol';
import { extract } from 'tar-stream';
import { afterAll, beforeAll, describe, expect, it, test, vi } from 'vitest';
import { Archive } from '../src/bundle/archive.ts';
import { Disguise } from '../src/bundle/disguise.ts';
import { scrub } from '../src/bundle/scrub.ts';
import { MapLink } from '../src/map-link.ts';
import { Cluster } from './cluster.ts';
import { DashboardProcess } from './dashboard-process.ts';

const cluster = new Cluster();
const dashboard = new DashboardProcess(cluster.socketPath, cluster.folder);
const JWT = 'eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJzeXN0ZW0ifQ.c2lnbmF0dXJlLW9mLXRlc3Rz';
const KEY = '-----BEGIN PRIVATE KEY-----\nTUlJRXZRSUJBREFOQmdr\n-----END PRIVATE KEY-----';
/** Everything that must be in no bundle. */
const SECRETS = [JWT, 'TUlJRXZRSUJBREFOQmdr', 'hunter2-hunter2', 'token-of-ann-0123456789', 'content-of-a-secret'];

beforeAll(async () => {
  await cluster.start();
  // the doctor reads this one, and tells its mode alone
  const metadata = { namespace: 'kube-system', name: 'kube-proxy' };
  const data = { 'config.conf': 'mode: ipvs', 'kubeconfig.conf': 'content-of-a-secret' };
  cluster.put({ apiVersion: 'v1', kind: 'ConfigMap', metadata, data });
  await dashboard.start();
  await dashboard.connectAgent(answer);
  const known = async () => expect((await through('get nodes -o name')).data).toContain('node-a');
  await vi.waitFor(known, { timeout: 30_000, interval: 200 });
  const drained = await through(
    `drain pod/cart-1 --reason "sluggish, see https://ann:hunter2-hunter2@wiki, Bearer ${JWT}"`,
  );
  expect(drained.code).toBe(0);
  await cluster.run(`weight pod/cart-2 50 --reason "password=hunter2-hunter2 ${KEY.replaceAll('\n', ' ')}"`);
  cluster.put({
    apiVersion: 'kubecity.dev/v1alpha1',
    kind: 'RoutingOverride',
    metadata: { namespace: 'shop', name: 'noted', annotations: { note: `${KEY} token: hunter2-hunter2` } },
    spec: { service: 'cart', weight: 80 },
  });
  // what the cluster has the map tells with its next frame
  const link = new MapLink(dashboard.url, {}, () => {});
  await link.whole();
  await vi.waitFor(() => expect(link.all('override').size).toBe(3), { timeout: 30_000, interval: 100 });
  link.close();
});
afterAll(async () => {
  await dashboard.stop();
  await cluster.stop();
});

function answer(question: AgentQuestion): AgentAnswer {
  if (question.kind === 'diagnose') return { kind: 'diagnose', at: 1, version: '0.1.0', findings: [] };
  if (question.kind !== 'rules') return { kind: 'refused', code: 'invalid-request', message: 'not asked here' };
  const rule = `-m comment --comment "shop/cart token=hunter2-hunter2" -j DNAT --to-destination 10.0.0.1:8080`;
  const chain = 'CITY-S-ABCDEFGHIJ-cart.http';
  const rules = [{ rule, packets: 5, bytes: 300 }];
  return { kind: 'rules', at: 1, chains: [{ family: 'IPv4', table: 'nat', chain, rules }], truncated: false };
}

const through = (line: string) => cluster.run(`--dashboard ${dashboard.url} ${line}`);

async function unpacked(file: string): Promise<Record<string, string>> {
  const files: Record<string, string> = {};
  const reader = extract();
  reader.on('entry', (header, stream, next) => {
    text(stream as unknown as NodeJS.ReadableStream).then((content) => {
      files[header.name.replace(/^[^/]+\//, '')] = content;
      next();
    }, next);
  });
  await pipeline(createReadStream(file), createGunzip(), reader as unknown as NodeJS.WritableStream);
  return files;
}

describe('kubecity bundle', () => {
  it('holds what helps, says what it holds, and only its owner may read it', async () => {
    const file = join(cluster.folder, 'all.tar.gz');
    const { code, data, words } = await through(`bundle --file ${file}`);
    // node-b has no agent, which is an answer
    expect([code, data]).toEqual([0, file]);
    expect(words).toContain('1/9 doctor.json');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const files = await unpacked(file);
    expect(Object.keys(files).sort()).toEqual([
      'README.txt',
      'audit.json',
      'doctor.json',
      'map/nodes.json',
      'map/overrides.json',
      'map/size.json',
      'metrics/dashboard.txt',
      'overrides.json',
      'rules/shop/cart.json',
      'versions.json',
    ]);
    for (const [name, content] of Object.entries(files)) if (name.endsWith('.json')) JSON.parse(content);
    expect(files['rules/shop/cart.json']).toContain('10.0.0.1:8080');
    expect(files['metrics/dashboard.txt']).toContain('kubecity_hub_agents');
    expect(JSON.parse(files['map/size.json'] ?? '')).toMatchObject({ node: 2, service: 1 });
    expect(files['README.txt']).toContain('rules/shop/cart.json: the rules of shop/cart in every kernel');
    const again = await through(`bundle --file ${file}`);
    expect([again.code, again.words]).toEqual([1, expect.stringContaining('cannot be written')]);
    expect(existsSync(file)).toBe(true);
  });

  it('has none of the secrets that were planted, also not its own token', async () => {
    const file = join(cluster.folder, 'secret.tar.gz');
    const token = join(cluster.folder, 'token');
    writeFileSync(token, 'token-of-ann-0123456789\n');
    const { code } = await cluster.runAs(
      'ann',
      `--dashboard ${dashboard.url} --token-file ${token} bundle --file ${file}`,
    );
    expect(code).toBe(0);
    const all = Object.values(await unpacked(file)).join('\n');
    for (const secret of SECRETS) expect(all).not.toContain(secret);
    expect(all).toContain('[left out]');
    expect(all).toContain('sluggish, see https://[left out]@wiki');
  });

  it('names nobody and nothing when it is to be anonymous', async () => {
    const file = join(cluster.folder, 'nameless.tar.gz');
    expect((await through(`bundle --anonymize --file ${file}`)).code).toBe(0);
    const files = await unpacked(file);
    const all = [...Object.keys(files), ...Object.values(files)].join('\n');
    for (const name of ['shop', 'cart', 'node-a', 'local admin', 'sluggish', '10.0.0.1', '10.96.0.10', ...SECRETS]) {
      expect(all).not.toMatch(new RegExp(`(?<![a-z-])${name.replaceAll('.', '\\.')}(?![a-z-]|\\d)`));
    }
    expect(Object.keys(files)).toContain('rules/namespace-1/service-1.json');
    expect(files['rules/namespace-1/service-1.json']).toMatch(/CITY-S-ABCDEFGHIJ"/);
    expect(files['rules/namespace-1/service-1.json']).toMatch(/--to-destination address-\d+:8080/);
    for (const [name, content] of Object.entries(files)) if (name.endsWith('.json')) JSON.parse(content);
  });

  it('says what it could not have, and has the rest', async () => {
    const file = join(cluster.folder, 'alone.tar.gz');
    const { code, words } = await cluster.run(`--dashboard http://127.0.0.1:1 bundle --file ${file}`);
    expect([code, words]).toEqual([0, expect.stringContaining('cannot be')]);
    const tom = join(cluster.folder, 'tom.tar.gz');
    const refused = await cluster.runAs('tom', `bundle --file ${tom}`);
    expect([refused.code, refused.words]).toEqual([1, expect.stringMatching(/missing: overrides\.json: list /)]);
    expect((await unpacked(tom))['README.txt']).toMatch(/Missing:\noverrides\.json/);
  });
});

test('an archive is bounded', async () => {
  const file = join(cluster.folder, 'large.tar.gz');
  const archive = new Archive(file, 'f', 0);
  const large = 'x'.repeat(9 * 1024 * 1024);
  const whole = ['a', 'b', 'c', 'd', 'e'].map((name) => archive.add(name, large));
  expect([archive.add('small', 'y'), whole]).toEqual([false, [false, false, false, false, false]]);
  await archive.close();
  const files = await unpacked(file);
  expect(files.a).toMatch(/x\n\[cut: 1048576 characters more\]\n$/);
  expect(Object.values(files).join('').length).toBeLessThan(33 * 1024 * 1024);
});

test.each([
  [`{"a":"Bearer ${JWT}"}`, '{"a":"Bearer [left out]"}'],
  ['{"note":"{\\"token\\": \\"abcdefgh\\"}"}', '{"note":"{\\"token\\": \\"[left out]\\"}"}'],
  ['Authorization: Basic YWRtaW46YWRtaW4=', 'Authorization: Basic [left out]'],
  ['postgres://u:p4ssword@db/x', 'postgres://[left out]@db/x'],
  ['my own secret stands here', 'my own secret stands here'],
  ['hubTokenFile: /var/run/token', 'hubTokenFile: /var/run/token'],
  ['known to us', '[left out] to us'],
])('%s is scrubbed', (before, after) => {
  expect(scrub(before, ['known', ''])).toBe(after);
});

test('a disguise is the same each time, and keeps what everybody has', () => {
  const disguise = new Disguise();
  disguise.learn('service', ['cart', undefined, 'default']);
  disguise.learn('node', ['ip-10-0-0-1.ec2.internal']);
  expect(disguise.text('cart.shop.svc on ip-10-0-0-1.ec2.internal, my-cart, default')).toBe(
    'service-1.shop.svc on node-1, my-cart, default',
  );
  expect(disguise.text('10.1.2.3:80 10.1.2.3/32 fd00::1 127.0.0.1 at 12:03:04')).toBe(
    'address-1:80 address-1/32 address-2 127.0.0.1 at 12:03:04',
  );
  expect(disguise.text('CITY-B-10.96.16.0-20 CITY-A4-ABCDEFGHIJ-10.244.12')).toBe(
    'CITY-B-address-3-20 CITY-A4-ABCDEFGHIJ',
  );
  expect(disguise.value({ who: 'ann', labels: { app: 'x' }, reason: 'because' })).toEqual({
    who: 'user-1',
    labels: { app: 'label-1' },
    reason: '[left out]',
  });
});
