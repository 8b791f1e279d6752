import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import packageJson from '../../package.json' with { type: 'json' };
import { build, DEPLOY } from './kustomization.ts';

const root = join(DEPLOY, '..');
const read = (file: string) => readFileSync(join(root, file), 'utf8');

test.each(['README.md', 'docs/install.md'])('%s names folders, programs, roles and links that there are', (file) => {
  const text = read(file);
  const folders = [...text.matchAll(/\bdeploy\/[\w./-]*\w/g)].map(([path]) => path);
  expect(folders.length).toBeGreaterThan(2);
  for (const folder of folders) expect(existsSync(join(root, folder)), folder).toBe(true);
  for (const [, program] of text.matchAll(/npm run ([\w:-]+)/g))
    expect(packageJson.scripts).toHaveProperty([`${program}`]);
  const roles = build(join(DEPLOY, 'base')).flatMap(({ kind, metadata }) =>
    kind === 'ClusterRole' ? metadata.name : [],
  );
  for (const [, role] of text.matchAll(/--clusterrole=([\w-]+)/g)) expect(roles).toContain(role);
  const folder = file.includes('/') ? 'docs' : '';
  for (const [, link = ''] of text.matchAll(/\]\((?!https?:)([^)#]+)/g)) {
    expect(existsSync(join(root, folder, link)), link).toBe(true);
  }
});

test.each(['agent', 'dashboard'])('each verb of the %s is explained by its name where it is granted', (name) => {
  const text = read(`deploy/base/${name}-rbac.yaml`);
  let comment = '';
  let seen = 0;
  for (const line of text.split('\n')) {
    if (/^ {2}#/.test(line)) comment += `${line.trim().slice(1)} `;
    if (/^---/.test(line)) comment = '';
    const [, verbs = ''] = /^ {4}verbs: \[([^\]]*)\]/.exec(line) ?? [];
    for (const verb of verbs.split(', ').filter(Boolean)) {
      expect(comment, `${verb} before: ${line}`).toMatch(new RegExp(`\\b${verb}\\b[^.]*:`));
      seen += 1;
    }
  }
  expect(seen).toBeGreaterThan(9);
});
