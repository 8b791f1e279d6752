import { execFile, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type MiniApiServer, startMiniApiServer } from '../src/index.ts';
import { pod, service } from './api-client.ts';
import { lampDefinition } from './lamp.ts';

const kubectlIsHere = spawnSync('kubectl', ['version', '--client']).status === 0;
if (!kubectlIsHere) console.warn('kubectl is not on PATH: its tests are skipped');

interface Ran {
  readonly status: number;
  readonly out: string;
  readonly err: string;
}

describe.skipIf(!kubectlIsHere)('kubectl', { timeout: 60_000 }, () => {
  let server: MiniApiServer;
  let home: string;
  let env: NodeJS.ProcessEnv;

  beforeAll(async () => {
    server = await startMiniApiServer({
      listen: { host: '127.0.0.1', port: 0 },
      users: [
        { token: 'a', name: 'admin', groups: ['system:masters'], access: 'admin' },
        { token: 'v', name: 'viewer', groups: [], access: 'view' },
      ],
    });
    home = mkdtempSync(join(tmpdir(), 'kubectl-'));
    const kubeconfig = join(home, 'config');
    writeFileSync(kubeconfig, server.kubeconfig('admin'));
    // A home of its own: kubectl keeps what it discovers by address and port.
    env = { ...process.env, HOME: home, KUBECONFIG: kubeconfig };
    await ok(['create', 'namespace', 'shop']);
  });
  afterAll(async () => {
    await server.close();
    rmSync(home, { recursive: true, force: true });
  });

  function kubectl(args: string[], input?: unknown): Promise<Ran> {
    return new Promise((resolve) => {
      const child = execFile('kubectl', args, { env }, (error, out, err) => {
        resolve({ status: error === null ? 0 : Number(error.code ?? 1), out, err });
      });
      child.stdin?.end(input === undefined ? '' : JSON.stringify(input));
    });
  }

  async function ok(args: string[], input?: unknown): Promise<string> {
    const { status, out, err } = await kubectl(args, input);
    expect({ args, status, err: status === 0 ? '' : err }).toEqual({ args, status: 0, err: '' });
    return out;
  }

  const rows = (table: string) =>
    table
      .trim()
      .split('\n')
      .map((line) => line.trim().split(/ {2,}/));

  const deployment = (name: string) => ({
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name, namespace: 'shop' },
    spec: {
      selector: { matchLabels: { app: name } },
      template: { metadata: { labels: { app: name } }, spec: { containers: [{ name: 'c', image: 'i:1' }] } },
    },
  });

  test('apply creates, leaves, changes and delete removes', async () => {
    const web = service('web');
    expect(await ok(['apply', '-n', 'shop', '-f', '-'], web)).toBe('service/web created\n');
    expect(await ok(['apply', '-n', 'shop', '-f', '-'], web)).toBe('service/web unchanged\n');
    const two = {
      ...web,
      spec: {
        ...web.spec,
        ports: [
          { name: 'a', port: 80 },
          { name: 'b', port: 81 },
        ],
      },
    };
    expect(await ok(['apply', '-n', 'shop', '-f', '-'], two)).toBe('service/web configured\n');
    const one = { ...web, spec: { ...web.spec, ports: [{ name: 'b', port: 81 }] } };
    await ok(['apply', '-n', 'shop', '-f', '-'], one);
    const ports = JSON.parse(await ok(['get', 'svc', '-n', 'shop', 'web', '-o', 'json'])).spec.ports;
    expect(ports).toEqual([{ name: 'b', port: 81, protocol: 'TCP', targetPort: 81 }]);
    const [head, line] = rows(await ok(['get', 'svc', '-A']));
    expect(head).toEqual(['NAMESPACE', 'NAME', 'TYPE', 'CLUSTER-IP', 'EXTERNAL-IP', 'PORT(S)', 'AGE']);
    expect(line).toEqual([
      'shop',
      'web',
      'ClusterIP',
      expect.stringMatching(/^10\.96\./),
      '<none>',
      '81/TCP',
      expect.any(String),
    ]);
    expect(await ok(['delete', 'svc', '-n', 'shop', 'web'])).toContain('service "web" deleted');
  });

  test('get -A -w prints what happens', async () => {
    const child = spawn('kubectl', ['get', 'svc', '-A', '-w', '--no-headers'], { env });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    const names: string[] = [];
    const next = async () => names.push(String((await lines.next()).value).split(/\s+/)[1] ?? '');
    try {
      await ok(['apply', '-n', 'shop', '-f', '-'], service('first'));
      await next();
      await ok(['apply', '-n', 'shop', '-f', '-'], service('second'));
      await next();
      await ok(['delete', 'svc', '-n', 'shop', 'first']);
      await next();
    } finally {
      child.kill();
    }
    expect(names).toEqual(['first', 'second', 'first']);
  });

  test('scale, label, patch and image of a Deployment', async () => {
    await ok(['apply', '-f', '-'], deployment('cart'));
    await ok(['scale', 'deployment', 'cart', '-n', 'shop', '--replicas=4']);
    await ok(['label', 'deployment', 'cart', '-n', 'shop', 'tier=front']);
    await ok(['set', 'image', 'deployment/cart', '-n', 'shop', 'c=i:2']);
    const patch = { spec: { template: { spec: { containers: [{ name: 'c', env: [{ name: 'A', value: 'b' }] }] } } } };
    await ok(['patch', 'deployment', 'cart', '-n', 'shop', '-p', JSON.stringify(patch)]);
    const { metadata, spec } = JSON.parse(await ok(['get', 'deploy', '-n', 'shop', '-l', 'tier', '-o', 'json']))
      .items[0];
    expect(metadata.labels).toEqual({ tier: 'front' });
    expect(spec.replicas).toBe(4);
    expect(spec.template.spec.containers).toMatchObject([
      { name: 'c', image: 'i:2', env: [{ name: 'A', value: 'b' }] },
    ]);
  });

  test('get pods -o wide, graceful and forced deletion', async () => {
    await ok(['apply', '-n', 'shop', '-f', '-'], pod('p'));
    const status = {
      status: { phase: 'Running', podIP: '10.1.0.7', containerStatuses: [{ name: 'main', ready: true }] },
    };
    await ok(['patch', 'pod', 'p', '-n', 'shop', '--subresource=status', '--type=merge', '-p', JSON.stringify(status)]);
    const [head, line] = rows(await ok(['get', 'pods', '-n', 'shop', '-o', 'wide']));
    expect(head).toEqual([
      'NAME',
      'READY',
      'STATUS',
      'RESTARTS',
      'AGE',
      'IP',
      'NODE',
      'NOMINATED NODE',
      'READINESS GATES',
    ]);
    expect(line).toEqual(['p', '1/1', 'Running', '0', expect.any(String), '10.1.0.7', 'n1', '<none>', '<none>']);
    await ok(['delete', 'pod', 'p', '-n', 'shop', '--wait=false']);
    expect(rows(await ok(['get', 'pods', '-n', 'shop', '--no-headers']))[0]?.[2]).toBe('Terminating');
    await ok(['delete', 'pod', 'p', '-n', 'shop', '--force', '--grace-period=0']);
    expect((await kubectl(['get', 'pod', 'p', '-n', 'shop'])).err).toContain('pods "p" not found');
  });

  test('auth can-i, whoami and create speak protobuf', async () => {
    expect(await ok(['auth', 'can-i', 'delete', 'pods'])).toBe('yes\n');
    const viewer = await kubectl(['auth', 'can-i', 'delete', 'pods', '--as', 'viewer']);
    expect(viewer).toMatchObject({ status: 1, out: 'no\n' });
    expect(await ok(['auth', 'whoami'])).toContain('admin');
    await ok(['create', 'deployment', 'made', '-n', 'shop', '--image=x:1', '--replicas=0', '--port=80']);
    const { spec } = JSON.parse(await ok(['get', 'deployment', 'made', '-n', 'shop', '-o', 'json']));
    expect(spec.replicas).toBe(0);
    expect(spec.template.spec.containers[0].ports).toEqual([{ containerPort: 80, protocol: 'TCP' }]);
  });

  test('roles, bindings and tokens: create, can-i, get', async () => {
    await ok(['create', 'role', 'reader', '-n', 'shop', '--verb=get,list', '--resource=pods,deployments.apps']);
    await ok(['create', 'rolebinding', 'bob-reads', '-n', 'shop', '--role=reader', '--user=bob']);
    await ok(['create', 'clusterrole', 'logs', '--verb=get', '--non-resource-url=/logs/*']);
    await ok(['create', 'clusterrolebinding', 'bob-logs', '--clusterrole=logs', '--user=bob', '--group=ops']);
    const may = async (...question: string[]) => (await kubectl(['auth', 'can-i', ...question, '--as=bob'])).out.trim();
    expect(await may('list', 'pods', '-n', 'shop')).toBe('yes');
    expect(await may('list', 'deployments.apps', '-n', 'shop')).toBe('yes');
    expect(await may('list', 'pods', '-n', 'default')).toBe('no');
    expect(await may('get', '/logs/x')).toBe('yes');
    const listed = rows(await ok(['auth', 'can-i', '--list', '--as=bob', '-n', 'shop', '--no-headers']));
    expect(listed).toContainEqual(['pods', '[]', '[]', '[get list]']);
    const refused = await kubectl(['get', 'pods', '-n', 'default', '--as=bob']);
    expect(refused.err).toContain('User "bob" cannot list resource "pods" in API group "" in the namespace "default"');
    const [head, line] = rows(await ok(['get', 'rolebindings', '-n', 'shop', '-o', 'wide']));
    expect(head).toEqual(['NAME', 'ROLE', 'AGE', 'USERS', 'GROUPS', 'SERVICEACCOUNTS']);
    expect(line?.slice(0, 2)).toEqual(['bob-reads', 'Role/reader']);
    const token = await ok(['create', 'token', 'default', '-n', 'shop', '--duration=20m', '--audience=kubecity']);
    const claims = JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());
    expect([claims.aud, claims.exp - claims.iat]).toEqual([['kubecity'], 1200]);
  });

  test('a definition, its objects, and the words for a bad one', async () => {
    await ok(['apply', '-f', '-'], lampDefinition);
    await ok(['wait', '--for=condition=Established', 'crd/lamps.city.example', '--timeout=10s']);
    const lamp = {
      apiVersion: 'city.example/v1',
      kind: 'Lamp',
      metadata: { name: 'l' },
      spec: { street: 'a', weight: 1 },
    };
    expect(await ok(['apply', '-f', '-'], lamp)).toBe('lamp.city.example/l created\n');
    expect(rows(await ok(['get', 'lp']))[0]).toEqual(['NAME', 'STREET', 'WEIGHT', 'AGE']);
    const heavy = await kubectl(['apply', '-f', '-'], { ...lamp, spec: { street: 'a', weight: 1001 } });
    expect(heavy.status).toBe(1);
    expect(heavy.err).toContain(
      'The Lamp "l" is invalid: spec.weight: Invalid value: 1001: spec.weight in body should be less than or equal to 1000',
    );
    const typo = await kubectl(['apply', '-f', '-'], { ...lamp, spec: { street: 'a', weight: 1, colr: 'x' } });
    expect(typo.err).toContain('strict decoding error: unknown field "spec.colr"');
  });

  test('a cluster-scoped kind with rules', async () => {
    const rules = [{ rule: 'self.to > self.from', message: 'must end after it begins', fieldPath: '.to' }];
    const whole = { type: 'integer' };
    const spec = { type: 'object', properties: { from: whole, to: whole }, 'x-kubernetes-validations': rules };
    const version = {
      name: 'v1',
      served: true,
      storage: true,
      additionalPrinterColumns: [{ name: 'To', type: 'integer', jsonPath: '.spec.to' }],
      schema: { openAPIV3Schema: { type: 'object', properties: { spec } } },
    };
    const names = { plural: 'shifts', kind: 'Shift', shortNames: ['sh'] };
    await ok(['apply', '-f', '-'], {
      apiVersion: 'apiextensions.k8s.io/v1',
      kind: 'CustomResourceDefinition',
      metadata: { name: 'shifts.city.example' },
      spec: { group: 'city.example', scope: 'Cluster', names, versions: [version] },
    });
    const shift = {
      apiVersion: 'city.example/v1',
      kind: 'Shift',
      metadata: { name: 'night' },
      spec: { from: 1, to: 9 },
    };
    expect(await ok(['apply', '-f', '-'], shift)).toBe('shift.city.example/night created\n');
    expect(rows(await ok(['get', 'sh']))).toEqual([
      ['NAME', 'TO'],
      ['night', '9'],
    ]);
    const bad = await kubectl(['apply', '-f', '-'], { ...shift, spec: { from: 9, to: 1 } });
    expect(bad.err).toContain(
      'The Shift "night" is invalid: spec.to: Invalid value: "object": must end after it begins',
    );
  });

  test('the words for a bad Service', async () => {
    const bad = service('bad', { ports: [{ port: 0, targetPort: 80 }] });
    const { status, err } = await kubectl(['apply', '-f', '-'], bad);
    expect(status).toBe(1);
    const words = 'spec.ports[0].port: Invalid value: 0: must be between 1 and 65535, inclusive';
    expect(err).toContain(`The Service "bad" is invalid: ${words}`);
  });
});
