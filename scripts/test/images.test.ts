import { readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { describe, expect, it, test } from 'vitest';
import { parse } from 'yaml';
import { BuildContext } from '../images/build-context.ts';
import { readDockerfile, type Stage } from '../images/dockerfile.ts';

const root = resolve(import.meta.dirname, '../..');
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

interface Manifest {
  readonly name: string;
  readonly dependencies?: Readonly<Record<string, string>>;
}
const manifest = (folder: string) => JSON.parse(read(`${folder}/package.json`)) as Manifest;
const workspaces = ['packages', 'apps'].flatMap((top) => readdirSync(join(root, top)).map((name) => `${top}/${name}`));
const folderOf = new Map(workspaces.map((folder) => [manifest(folder).name, folder]));

/** Folders of our packages that these need, themselves included. */
function closure(folders: readonly string[]): Set<string> {
  const seen = new Set<string>();
  const visit = (folder: string | undefined) => {
    if (folder === undefined || seen.has(folder)) return;
    seen.add(folder);
    for (const name of Object.keys(manifest(folder).dependencies ?? {})) visit(folderOf.get(name));
  };
  folders.forEach(visit);
  return seen;
}

const copied = ({ steps }: Stage) => steps.flatMap((step) => (step.kind === 'COPY' && !step.from ? step.sources : []));

describe.each([
  ['agent', ['apps/agent']],
  ['dashboard', ['apps/dashboard']],
  ['city', ['apps/city', 'apps/agent', 'apps/dashboard', 'apps/cli']],
])('Dockerfile of %s', (name, apps) => {
  const stages = readDockerfile(read(`apps/${name}/Dockerfile`));
  const last = stages.at(-1) as Stage;

  it('installs with the manifests of all workspaces', () => {
    const wanted = workspaces.map((folder) => `${folder}/package.json`);
    const all = stages.flatMap((stage) => (stage.from.includes('node:') ? copied(stage) : []));
    expect(all).toEqual(expect.arrayContaining(['package-lock.json', ...wanted]));
  });

  it('has every package of ours that it needs', () => {
    const sources = copied(last);
    for (const folder of closure(apps)) {
      const there = sources.some(
        (source) => source === folder || source === folder.split('/')[0] || source.startsWith(`${folder}/`),
      );
      expect([folder, there]).toEqual([folder, true]);
    }
  });

  it('takes nothing that the build context leaves out', () => {
    const context = new BuildContext(root);
    for (const source of stages.flatMap(copied)) expect([source, context.has(source)]).toEqual([source, true]);
  });

  it('runs under the Node that the project is tested with, on bases that are pinned', () => {
    const { devDependencies } = JSON.parse(read('package.json')) as { devDependencies: Record<string, string> };
    const bases = stages.map(({ from }) => from).filter((from) => from.includes('/'));
    expect(bases).toContain(`docker.io/library/node:${devDependencies.node}-bookworm-slim`);
    for (const base of bases) expect(base).toMatch(/:\d+\.\d+(\.\d+)?-/);
  });

  it('says who it is, who it runs as, and whether it is well', () => {
    const labels = last.steps.flatMap((step) => (step.kind === 'LABEL' ? Object.keys(step.values) : []));
    for (const key of ['title', 'description', 'licenses', 'source', 'version', 'revision', 'created']) {
      expect(labels).toContain(`org.opencontainers.image.${key}`);
    }
    const users = last.steps.flatMap((step) => (step.kind === 'USER' ? [step.value] : []));
    expect(users).toEqual([name === 'dashboard' ? '65532:65532' : '0:0']);
    expect(last.steps.filter(({ kind }) => kind === 'HEALTHCHECK')).toHaveLength(1);
  });
});

test('the compose file lets nobody in but this machine, and gives no more powers than it names', () => {
  const { services } = parse(read('docker-compose.yml'));
  for (const [name, service] of Object.entries<Record<string, unknown>>(services)) {
    for (const port of service.ports as string[]) expect(port).toMatch(/^127\.0\.0\.1:/);
    expect(service).not.toHaveProperty('privileged');
    expect(service).not.toHaveProperty('network_mode');
    expect([name, service.cap_drop]).toEqual([name, ['ALL']]);
    const { dockerfile } = service.build as { dockerfile: string };
    expect(readDockerfile(read(dockerfile)).length).toBeGreaterThan(1);
  }
});

test.each([
  ['RUN true', 'line 1: RUN before the first FROM'],
  ['FROM a/b\nADD x y', 'line 2: ADD is not known here'],
  ['FROM a/b\n\n# why\nCOPY --chown=1 x y', 'line 4: COPY --chown=1 is not known here'],
  ['FROM a/b\nCOPY x y z', 'line 2: z: a folder ends with /'],
  // biome-ignore lint/suspicious/noTemplateCurlyInString: the language of Dockerfiles
  ['FROM a/b\nUSER ${WHO}', 'line 2: there is no ARG WHO before'],
  ['FROM a/b\nENTRYPOINT node x', 'line 2: not a list of words in JSON: node x'],
  ['FROM a/b\nRUN ["x"]', 'line 2: RUN ["x"]'],
  ['FROM a/b\nRUN a && \\', 'line 2: it does not end'],
  ['FROM a/b\nlower case', 'line 2: no instruction: lower case'],
])('%j is refused with its line', (text, message) => {
  expect(() => readDockerfile(text)).toThrow(message);
});

test('stages, variables and continued lines', () => {
  const text =
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the language of Dockerfiles
    'ARG A=x/y:1\nFROM ${A} AS one\nARG V=2\nLABEL v="${V} two" \\\n  w=3\nRUN a \\\n  # in between\n  && b\nFROM one\nCOPY --from=one /p q/';
  expect(readDockerfile(text)).toEqual([
    {
      from: 'x/y:1',
      name: 'one',
      steps: [
        { kind: 'LABEL', line: 4, values: { v: '2 two', w: '3' } },
        { kind: 'RUN', line: 6, command: expect.stringMatching(/^a +&& b$/) },
      ],
    },
    { from: 'one', name: undefined, steps: [{ kind: 'COPY', line: 10, from: 'one', sources: ['/p'], to: 'q/' }] },
  ]);
});
