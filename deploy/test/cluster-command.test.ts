import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { DEPLOY } from './kustomization.ts';

const folder = mkdtempSync(join(tmpdir(), 'kubecity-cluster-command-'));
afterAll(() => rmSync(folder, { recursive: true }));

function run(...args: string[]) {
  const { status, stderr } = spawnSync(process.execPath, [join(DEPLOY, '../scripts/cluster-tests.ts'), ...args], {
    encoding: 'utf8',
    env: { ...process.env, NO_COLOR: '1' },
  });
  return { status, stderr };
}

test('a cluster that may be needed is left alone without --yes', () => {
  const kubeconfig = join(folder, 'kubeconfig');
  const context = (name: string) => ({ name, context: { cluster: name, user: name } });
  const names = ['production', 'kind-test'];
  writeFileSync(
    kubeconfig,
    JSON.stringify({
      'current-context': 'production',
      contexts: names.map(context),
      // nobody listens there
      clusters: names.map((name) => ({ name, cluster: { server: 'https://127.0.0.1:9' } })),
      users: names.map((name) => ({ name, user: { token: 'x' } })),
    }),
  );
  const refused = run('--kubeconfig', kubeconfig);
  expect(refused.status).toBe(1);
  expect(refused.stderr).toContain('the context production may be a cluster that somebody needs');
  expect(run('--kubeconfig', kubeconfig, '--context', 'staging').stderr).toContain('has no context staging');
  expect(run('--kubeconfig', join(folder, 'none')).stderr).toContain('give one with --kubeconfig');
});
