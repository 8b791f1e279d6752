import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, existsSync, linkSync, mkdirSync, rmSync, statSync, symlinkSync } from 'node:fs';
import { basename, delimiter, dirname, join, resolve } from 'node:path';
import type { BuildContext } from './build-context.ts';
import { DockerfileError, type Stage, type Step } from './dockerfile.ts';

export interface BuildOptions {
  readonly context: BuildContext;
  /** Where the trees of the stages are made. */
  readonly folder: string;
  /** The Node that stands for the one of the Node image. */
  readonly node: string;
  /** A `.next` that stands for what stage `pages` builds, which takes minutes. */
  readonly pages?: string;
  /** Carries out COPY alone. */
  readonly filesOnly: boolean;
}

/** What a container of the image would begin with. */
export interface BuiltImage {
  /** Its root folder. */
  readonly root: string;
  readonly user: string;
  readonly folder: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly entrypoint: readonly string[];
  /** Commands that need the base image, and were only read. */
  readonly skipped: readonly string[];
}

type Building = { -readonly [K in keyof BuiltImage]: BuiltImage[K] } & { skipped: string[] };

/** The folder of the pages below the working folder. */
const PAGES = 'apps/dashboard/.next';

/** Makes the stages' trees without a container engine: COPY and npm for real, base images as empty folders with Node. */
export function carryOut(stages: readonly Stage[], options: BuildOptions): BuiltImage {
  const built = new Map<string, Building>();
  let last: Building | undefined;
  for (const [i, stage] of stages.entries()) {
    const root = join(options.folder, stage.name ?? String(i));
    const before = built.get(stage.from);
    if (before) linkTree(before.root, root);
    else baseImage(stage.from, root, options.node);
    last = before
      ? { ...before, root, skipped: [] }
      : { root, user: '0:0', folder: '/', environment: {}, entrypoint: [], skipped: [] };
    for (const step of stage.steps) carryOutStep(step, last, { ...options, built, stage: stage.name });
    if (stage.name !== undefined) built.set(stage.name, last);
  }
  if (!last) throw new DockerfileError(1, 'there is no stage');
  return last;
}

interface Around extends BuildOptions {
  readonly built: ReadonlyMap<string, Building>;
  /** Name of the stage. */
  readonly stage: string | undefined;
}

function carryOutStep(step: Step, image: Building, around: Around): void {
  switch (step.kind) {
    case 'COPY':
      copy(step, image, around);
      return;
    case 'RUN':
      for (const command of step.command.split(' && ')) run(command, step.line, image, around);
      return;
    case 'WORKDIR':
      image.folder = step.value;
      mkdirSync(join(image.root, step.value), { recursive: true });
      return;
    case 'USER':
      image.user = step.value;
      return;
    case 'ENV':
      image.environment = { ...image.environment, ...step.values };
      return;
    case 'ENTRYPOINT':
      image.entrypoint = step.command;
      return;
    case 'LABEL':
    case 'HEALTHCHECK':
      return;
  }
}

function copy({ line, from, sources, to }: Extract<Step, { kind: 'COPY' }>, image: Building, around: Around): void {
  const target = join(image.root, resolve(image.folder, to));
  const into = to.endsWith('/');
  for (const source of sources) {
    if (from === undefined) {
      if (!around.context.has(source)) throw new DockerfileError(line, `${source} is not in the build context`);
      const isFile = !statSync(source).isDirectory();
      around.context.copy(source, into && isFile ? join(target, basename(source)) : target);
      continue;
    }
    const stage = around.built.get(from);
    if (!stage) throw new DockerfileError(line, `there is no stage ${from} before`);
    const path = join(stage.root, source);
    // what was not made in a stage whose commands were only read
    if (!existsSync(path) && around.filesOnly) continue;
    if (!existsSync(path)) throw new DockerfileError(line, `${source} is not in stage ${from}`);
    linkTree(path, target);
  }
}

function run(command: string, line: number, image: Building, around: Around): void {
  const [program = '', ...args] = command.trim().split(/\s+/);
  const folder = join(image.root, image.folder);
  const inside = (path = '') => join(image.root, resolve(image.folder, path));
  if (around.filesOnly || program === 'apt-get') {
    image.skipped.push(command);
  } else if (program === 'npm' && around.stage === 'pages' && around.pages !== undefined) {
    if (args[0] === 'run') linkTree(around.pages, join(folder, PAGES));
    image.skipped.push(command);
  } else if (program === 'npm') {
    const PATH = [dirname(around.node), process.env.PATH].join(delimiter);
    const env = { ...process.env, ...image.environment, PATH };
    const more = args[0] === 'ci' ? ['--prefer-offline', '--loglevel=error'] : [];
    execFileSync('npm', [...args, ...more], { cwd: folder, env, stdio: ['ignore', 'ignore', 'inherit'] });
  } else if (program === 'ln' && args[0] === '-s' && args.length === 3) {
    mkdirSync(dirname(inside(args[2])), { recursive: true });
    symlinkSync(args[1] as string, inside(args[2]));
  } else if (program === 'rm' && args[0] === '-rf' && args.length === 2) {
    rmSync(inside(args[1]), { recursive: true, force: true });
  } else if (program === 'install' && args.slice(0, 2).join(' ') === '-d -o' && args[3] === '-g') {
    makeFolder(inside(args[5]), Number(args[2]), Number(args[4]));
  } else throw new DockerfileError(line, `nobody here knows how to carry out: ${command}`);
}

function makeFolder(path: string, user: number, group: number): void {
  mkdirSync(path, { recursive: true });
  chmodSync(path, 0o755);
  if (process.getuid?.() === 0) chownSync(path, user, group);
}

/** Of the Node image what is taken from it; another base is empty, the host's programs stand for it when it runs. */
function baseImage(image: string, root: string, node: string): void {
  mkdirSync(root, { recursive: true });
  if (!/(^|\/)node[:@]/.test(image)) return;
  mkdirSync(join(root, 'usr/local/bin'), { recursive: true });
  linkSync(node, join(root, 'usr/local/bin/node'));
}

/** Hard links: a second of work instead of a minute, and no room. What is in a tree is not changed afterwards. */
function linkTree(from: string, to: string): void {
  const folder = statSync(from).isDirectory();
  mkdirSync(folder ? to : dirname(to), { recursive: true });
  execFileSync('cp', ['-al', '--remove-destination', folder ? `${from}/.` : from, to]);
}
