import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { Cluster } from './cluster.ts';

const PROGRAM = join(import.meta.dirname, '../kubecity');
const cluster = new Cluster();
beforeAll(() => cluster.start());
afterAll(() => cluster.stop());

/** The words that the start script offers for a line, as a shell asks it. */
async function offered(...line: string[]): Promise<string[]> {
  const words = ['--kube-socket', cluster.socketPath, '-n', 'shop', ...line];
  const env = { ...process.env, NODE: process.execPath, NODE_COMPILE_CACHE: join(cluster.folder, 'compiled') };
  const { stdout } = await promisify(execFile)(PROGRAM, ['complete', '--', ...words], { env });
  return stdout
    .trim()
    .split('\n')
    .map((one) => one.split('\t')[0] ?? '')
    .filter((word) => !word.startsWith(':'));
}

test('commands, options and what they may say are offered', async () => {
  expect(await offered('un')).toEqual(['undrain', 'undo']);
  expect(await offered('drain', '--existing', '')).toEqual(['wait', 'cutIdle', 'cut']);
  expect(await offered('drain', '--kube')).toEqual(['--kubeconfig', '--kube-socket']);
});

test('what the cluster has is offered where it fits', async () => {
  await cluster.run('drain node/node-b');
  const [targets, pods, zones, weights] = await Promise.all([
    offered('drain', ''),
    offered('drain', 'pod/'),
    offered('drain', 'service/cart', '--zone', ''),
    offered('weight', 'service/cart', ''),
  ]);
  expect(targets).toEqual(
    expect.arrayContaining(['service/cart', 'node/node-a', 'zone/zone-2', 'cluster-override/node-node-b-drain']),
  );
  expect(pods).toEqual(['pod/cart-1', 'pod/cart-2', 'pod/cart-3', 'pod/cart-4']);
  expect(zones).toEqual(['zone-1', 'zone-2']);
  expect(weights).toEqual([]);
});

test('commands below a command have names too', async () => {
  const spec = { podSelector: {} };
  const metadata = { namespace: 'shop', name: 'closed' };
  cluster.put({ apiVersion: 'networking.k8s.io/v1', kind: 'NetworkPolicy', metadata, spec });
  const [below, from, to, gone] = await Promise.all([
    offered('isolation', ''),
    offered('isolation', 'why', '--from', ''),
    offered('isolation', 'why', '--to', 'service'),
    offered('isolation', 'preview', '--delete', ''),
  ]);
  expect(below).toEqual(expect.arrayContaining(['why', 'list', 'preview']));
  expect(from).toEqual(['pod/cart-1', 'pod/cart-2', 'pod/cart-3', 'pod/cart-4']);
  expect(to).toEqual(['service/cart']);
  expect(gone).toEqual(['shop/closed']);
});

test('a cluster that is away costs the names only', async () => {
  expect(await offered('--kube-socket', '/nowhere/api.sock', 'drain', 'node/')).toEqual([]);
});
