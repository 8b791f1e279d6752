import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { createInterface } from 'node:readline';
import { text } from 'node:stream/consumers';
import { parseArgs } from 'node:util';
import { startMiniApiServer } from '@kubecity/mini-apiserver';
import { BuildContext } from './images/build-context.ts';
import { type BuiltImage, carryOut } from './images/carry-out.ts';
import { start } from './images/container.ts';
import { readDockerfile } from './images/dockerfile.ts';

/**
 * Carries out the steps of the Dockerfiles without a container engine and starts what comes of them: the agent as root with a
 * read-only tree, the dashboard as nobody in particular with a read-only tree. `--full` builds the pages too and makes the
 * city's image; without it the pages of this checkout are taken, and of the city only the files are tried.
 */
const { values, positionals } = parseArgs({
  options: { full: { type: 'boolean', default: false } },
  allowPositionals: true,
});
const root = resolve(import.meta.dirname, '..');
process.chdir(root);
// on the disk of what is linked to
const cache = join(root, 'node_modules/.cache');
mkdirSync(cache, { recursive: true });
const folder = mkdtempSync(join(cache, 'images-'));
const context = new BuildContext(root);
const node = join(root, 'node_modules/node/bin/node');
const builtPages = join(root, 'apps/dashboard/.next');
/** Of starting and answering, on a machine that does much else. Milliseconds. */
const PATIENCE = 120_000;

const checks: Readonly<Record<string, (image: BuiltImage) => Promise<void>>> = {
  agent: checkAgent,
  dashboard: checkDashboard,
  city: async () => {},
};

try {
  const chosen = positionals.length > 0 ? positionals : Object.keys(checks);
  for (const name of chosen) await tryImage(name);
} finally {
  rmSync(folder, { recursive: true, force: true });
}

async function tryImage(name: string): Promise<void> {
  const check = checks[name];
  if (!check) throw new Error(`there is no image ${name}; there are ${Object.keys(checks).join(', ')}`);
  const begun = performance.now();
  const stages = readDockerfile(readFileSync(`apps/${name}/Dockerfile`, 'utf8'));
  if (!values.full && name === 'dashboard' && !existsSync(join(builtPages, 'BUILD_ID'))) {
    throw new Error('the pages are not built: npm run build -w @kubecity/dashboard, or --full');
  }
  const filesOnly = !values.full && name === 'city';
  const image = carryOut(stages, {
    ...{ context, folder: join(folder, name), node, filesOnly },
    ...(!values.full && { pages: builtPages }),
  });
  if (!filesOnly) await check(image);
  const seconds = ((performance.now() - begun) / 1000).toFixed(0);
  console.log(`${name}: ${sizes(image.root)}, user ${image.user}, ${seconds} s`);
  for (const command of image.skipped) console.log(`  only read: ${command}`);
}

/** `121 MB (node_modules 80)`, without the base image. */
function sizes(tree: string): string {
  const megabytes = (path: string) =>
    existsSync(path)
      ? Math.round(Number(execFileSync('du', ['-sk', path], { encoding: 'utf8' }).split('\t')[0]) / 1024)
      : 0;
  return `${megabytes(tree)} MB above its base (packages of npm ${megabytes(join(tree, 'kubecity/node_modules'))}, Node.js ${megabytes(join(tree, 'usr/local/bin'))})`;
}

async function checkAgent(image: BuiltImage): Promise<void> {
  const help = await ended(image, ['--help']);
  expect(help.code === 0 && help.out.includes('kubecity-agent'), `the agent does not tell its help: ${help.said}`);
  const doctor = await ended(image, ['doctor', '-o', 'json', '--kube-socket', '/run/none.sock', '--routes', 'direct']);
  const findings = JSON.parse(doctor.out) as { id: string; severity: string; what: string }[];
  expect(doctor.code === 2, `the doctor ended with ${doctor.code}: ${doctor.said}`);
  const kernel = findings.filter(({ id, severity }) => id.startsWith('kernel.') && severity === 'error');
  expect(
    kernel.length === 0,
    `the agent of the image cannot use the kernel: ${kernel.map(({ what }) => what).join('; ')}`,
  );
  expect(
    findings.some(({ id, severity }) => id === 'routes.ip' && severity === 'ok'),
    'the agent of the image has no program ip',
  );
  expect(
    findings.some(({ id }) => id === 'api.reachable'),
    'the doctor did not look at the API',
  );
}

/** In a network of its own, as a pod has it. */
async function ended(image: BuiltImage, args: readonly string[]) {
  const child = start(image, { args, ownNetwork: true });
  const [out, said, [code]] = await Promise.all([
    text(child.stdout as NodeJS.ReadableStream),
    text(child.stderr as NodeJS.ReadableStream),
    once(child, 'exit') as Promise<[number | null]>,
  ]);
  return { code, out, said };
}

async function checkDashboard(image: BuiltImage): Promise<void> {
  const volume = mkdtempSync(join(folder, 'volume-'));
  const socketPath = join(volume, 'api.sock');
  const server = await startMiniApiServer({ socketPath, listen: { host: '127.0.0.1', port: 0 } });
  // whoever it is in the container
  for (const [path, mode] of [
    [folder, 0o755],
    [volume, 0o755],
    [socketPath, 0o666],
  ] as const) {
    chmodSync(path, mode);
  }
  const token = join(volume, 'token');
  writeFileSync(token, 'a secret of the images that nobody uses');
  const args = ['--kube-socket', socketPath, '--agent-token-file', token, '--listen', '127.0.0.1:0'];
  const history = ['--history', '/var/lib/kubecity/history.db'];
  const child = start(image, { args: [...args, ...history], volume, writable: ['/var/lib/kubecity'] });
  const said: string[] = [];
  try {
    const url = await listening(child, said);
    const signal = AbortSignal.timeout(PATIENCE);
    const health = await fetch(new URL('/livez', url), { signal });
    expect(health.ok, `/livez answers ${health.status}`);
    const page = await fetch(url, { signal });
    const html = await page.text();
    expect(page.ok && html.includes('Kubecity'), `the page answers ${page.status}`);
    const [, script = ''] = /"(\/_next\/static\/[^"]+\.js)"/.exec(html) ?? [];
    expect((await fetch(new URL(script, url), { signal })).ok, `${script} is not there`);
    const written = said.filter((line) => /EROFS|EACCES|read-only/i.test(line));
    expect(written.length === 0, `it wants to write: ${written.join('\n')}`);
  } catch (error) {
    console.error(said.join('\n'));
    throw error;
  } finally {
    if (child.exitCode === null && child.kill('SIGKILL')) await once(child, 'exit');
    await server.close();
  }
}

/** Where it listens, by its log. */
async function listening(child: ReturnType<typeof start>, said: string[]): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream as NodeJS.ReadableStream }).on('line', (line) => {
      said.push(line);
      const [, url] = /"url":"([^"]+)"/.exec(line) ?? [];
      if (url !== undefined && line.includes('listening')) resolve(url);
    });
  }
  const patience = setTimeout(() => reject(new Error('the dashboard does not listen')), PATIENCE);
  child.once('exit', (code) => reject(new Error(`the dashboard ended with ${code}`)));
  return promise.finally(() => clearTimeout(patience));
}

function expect(holds: boolean, otherwise: string): void {
  if (!holds) throw new Error(otherwise);
}
