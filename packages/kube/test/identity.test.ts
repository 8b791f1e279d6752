import { execFile } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { accessSource } from '../src/access.ts';
import { bearerToken } from '../src/bearer-token.ts';
import { askIdentity } from '../src/identity.ts';
import { json } from './flaky-server.ts';

let directory: string;
let kubeconfig: string;
const goOn = new AbortController().signal;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'kubecity-identity-'));
  kubeconfig = join(directory, 'kubeconfig');
});
afterEach(() => rmSync(directory, { recursive: true }));

const file = (name: string, text: string) => {
  const path = join(directory, name);
  writeFileSync(path, text);
  return path;
};
const configure = (user: object, cluster: object = {}) =>
  writeFileSync(
    kubeconfig,
    stringify({
      'current-context': 'here',
      contexts: [{ name: 'here', context: { cluster: 'town', user: 'me' } }],
      clusters: [{ name: 'town', cluster: { server: 'https://192.0.2.1:6443/', ...cluster } }],
      users: [{ name: 'me', user }],
    }),
  );

test('certificates, servername, impersonation and proxy become plain data', async () => {
  file('ca.pem', 'the ca');
  configure(
    {
      'client-certificate-data': Buffer.from('the cert').toString('base64'),
      'client-key-data': Buffer.from('the key').toString('base64'),
      username: 'ann',
      password: 'secret',
      as: 'bob',
    },
    { 'certificate-authority': 'ca.pem', 'tls-server-name': 'api', 'proxy-url': 'http://192.0.2.2:3128' },
  );
  expect(await askIdentity({ kubeconfig }, goOn)).toEqual({
    origin: 'https://192.0.2.1:6443',
    headers: { Authorization: `Basic ${Buffer.from('ann:secret').toString('base64')}`, 'Impersonate-User': 'bob' },
    tls: { ca: 'the ca', cert: 'the cert', key: 'the key', servername: 'api' },
    proxy: 'http://192.0.2.2:3128',
  });
});

test('a token file is named, from where the kubeconfig is, and goes before a token', async () => {
  const tokenFile = file('token', 'from-the-file');
  configure({ tokenFile: 'token', token: 'static' }, { 'insecure-skip-tls-verify': true });
  expect(await askIdentity({ kubeconfig }, goOn)).toEqual({
    origin: 'https://192.0.2.1:6443',
    headers: { Authorization: 'Bearer from-the-file' },
    tokenFile,
    tls: { rejectUnauthorized: false },
  });
});

test('another context than the current one is taken by its name', async () => {
  const clusters = ['town', 'village'].map((name) => ({ name, cluster: { server: `https://${name}.example` } }));
  const contexts = ['town', 'village'].map((name) => ({ name, context: { cluster: name, user: name } }));
  const users = ['town', 'village'].map((name) => ({ name, user: { token: `of-${name}` } }));
  writeFileSync(kubeconfig, stringify({ 'current-context': 'town', clusters, contexts, users }));
  expect(await askIdentity({ kubeconfig, context: 'village' }, goOn)).toMatchObject({
    origin: 'https://village.example',
    headers: { Authorization: 'Bearer of-village' },
  });
  await expect(askIdentity({ kubeconfig, context: 'city' }, goOn)).rejects.toMatchObject({
    code: 'invalid',
    message: expect.stringContaining('there is no context "city"; there are: town, village'),
  });
});

test('a token for somebody else is shown only where it is the whole identity', async () => {
  configure({ token: 'static' });
  expect(await bearerToken({ kubeconfig })).toBe('static');
  configure({ tokenFile: file('token', 'from-the-file\n') });
  expect(await bearerToken({ kubeconfig })).toBe('from-the-file');
  configure({ username: 'ann', password: 'secret' });
  expect(await bearerToken({ kubeconfig })).toBeUndefined();
  expect(await bearerToken({ socketPath: '/nowhere' })).toBeUndefined();
  configure({ token: 'static', as: 'bob' });
  await expect(bearerToken({ kubeconfig })).rejects.toMatchObject({ code: 'invalid' });
});

test('an exec plugin is asked again before its credential expires', async () => {
  let now = Date.now();
  const life = 3_600_000;
  const runs = join(directory, 'runs');
  const plugin = file(
    'plugin.sh',
    `echo run >> ${runs}; echo to-stderr >&2
    echo '{"status":{"token":"t'$(wc -l < ${runs})'","expirationTimestamp":"${new Date(now + life).toISOString()}"}}'`,
  );
  configure({ exec: { apiVersion: 'client.authentication.k8s.io/v1', command: 'sh', args: [plugin] } });
  const source = accessSource({ kubeconfig }, { ask: askIdentity, now: () => now });
  const authorization = async () => (await source.access()).headers.Authorization;
  expect(await authorization()).toBe('Bearer t1');
  now += life * 0.79;
  expect(await authorization()).toBe('Bearer t1');
  now += life * 0.02;
  expect(await authorization()).toBe('Bearer t2');
  expect(readFileSync(runs, 'utf8')).toBe('run\nrun\n');
  await source.close();
});

test('the end of a JWT counts when a plugin made it, not when it is written in the kubeconfig', async () => {
  const jwt = `x.${Buffer.from('{"exp":1900000000}').toString('base64url')}.x`;
  const plugin = file('plugin.sh', `echo '{"status":{"token":"${jwt}"}}'`);
  configure({ exec: { command: 'sh', args: [plugin] } });
  expect(await askIdentity({ kubeconfig }, goOn)).toMatchObject({ expiry: 1_900_000_000_000 });
  configure({ token: jwt });
  expect(await askIdentity({ kubeconfig }, goOn)).not.toHaveProperty('expiry');
});

test.each([
  ['clusters: [{ name: a }]', 'clusters[0].cluster is missing'],
  ['{', 'unexpected end of the stream'],
  ['current-context: here', 'its current context names no cluster'],
])('a broken kubeconfig %j is named, with what is wrong', async (text, wrong) => {
  writeFileSync(kubeconfig, text);
  await expect(askIdentity({ kubeconfig }, goOn)).rejects.toMatchObject({
    name: 'KubeError',
    code: 'invalid',
    message: expect.stringContaining(`read kubeconfig ${kubeconfig}: ${wrong}`),
  });
});

test.each([
  [{ server: 'here' }, 'server of cluster town: "here" is not a URL'],
  [
    { 'proxy-url': 'socks5://192.0.2.2:1080' },
    'proxy-url of cluster town: socks5: proxies are not supported, only http: and https:',
  ],
])('%j is refused', async (cluster, wrong) => {
  configure({}, cluster);
  await expect(askIdentity({ kubeconfig }, goOn)).rejects.toMatchObject({
    code: 'invalid',
    message: `read kubeconfig ${kubeconfig}: ${wrong}`,
  });
});

test('a plugin that fails is an error with its words', async () => {
  configure({ exec: { command: 'sh', args: ['-c', 'echo log in first >&2; exit 1'] } });
  await expect(askIdentity({ kubeconfig }, goOn)).rejects.toThrow('log in first');
});

test.each([
  ['crashes', 'throw new Error("no memory")', /ended with code 1: .*no memory/s],
  ['ends without a word', '', /ended with code 0: it said nothing/],
  ['is killed', 'process.kill(process.pid, "SIGKILL")', /was ended by SIGKILL/],
])('a process that %s is an error', async (_what, code, message) => {
  await expect(askIdentity({}, goOn, { file: file('process.mjs', code) })).rejects.toThrow(message);
});

test('a process that hangs is ended', async () => {
  const hanging = file('process.mjs', 'setInterval(() => {}, 1000)');
  const asked = askIdentity({}, goOn, { file: hanging, longest: 200 });
  await expect(asked).rejects.toThrow('gave no answer within 0.2 s');
});

test('close() ends what runs: nothing keeps the process alive, and nothing is printed', async () => {
  const http = createServer((request, response) => json({ ok: true })(response, request));
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  configure({ token: 'secret' }, { server: `http://127.0.0.1:${(http.address() as AddressInfo).port}` });
  const program = file(
    'program.mjs',
    `import { connect, resources } from ${JSON.stringify(import.meta.resolve('../src/index.ts'))};
    const get = (client) => client.get(resources.nodes, { name: 'a' });
    const asked = connect({ kubeconfig: ${JSON.stringify(kubeconfig)} });
    const interrupted = connect({ kubeconfig: ${JSON.stringify(kubeconfig)} });
    const late = get(interrupted).catch((error) => error.message);
    await interrupted.close();
    console.log(JSON.stringify(await get(asked)), await late);
    await asked.close();`,
  );
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [program], { timeout: 30_000 });
  expect(stderr).toBe('');
  expect(stdout).toBe('{"ok":true} get nodes a: the API server cannot be reached (the client is closed)\n');
  http.close();
  http.closeAllConnections();
});
