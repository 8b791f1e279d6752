import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { CaseFileError, parseCaseFile } from './case-file.ts';
import { KernelPlayer } from './kernel/kernel-player.ts';
import { KubeProxyRules } from './kernel/kube-proxy-rules.ts';
import { OwnRules } from './kernel/own-rules.ts';
import type { RuleWriter } from './kernel/rule-writer.ts';
import type { PacketCase } from './packet-case.ts';
import { type Player, PlayerError, walkPlayer } from './player.ts';
import { randomCase } from './random-case.ts';
import { runCases, sumOf, type Totals, totalsText } from './run.ts';

/** `npm run cases`: plays files of behaviour cases. Exit code 0 = all passed, 1 = some failed, 2 = could not be played. */

const program = new Command('cases')
  .description('Plays files of behaviour cases: what happens to the first packet of a connection on one node.')
  .argument('[file...]', 'files like packet-flow.json or topology.json')
  .option('--walk', 'only through the packet walk over the generated rules')
  .option('--kernel', 'only with real packets, in network namespaces')
  .option('--kube-proxy <binary>', 'only with real packets, through the rules that this kube-proxy writes')
  .option(
    '--random <seed>',
    'besides, a case of 40 Services made by chance; it expects what the packet walk says',
    seed,
  )
  .option('--backend <name>', 'kernel interface the rules are written for: iptables', backend, 'iptables')
  .helpOption('-h, --help', 'show this')
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  .parse();

interface Options {
  walk?: boolean;
  kernel?: boolean;
  kubeProxy?: string;
  random?: number;
}
const { walk = false, kernel = false, kubeProxy, random } = program.opts<Options>();

try {
  const cases = readAll(program.args);
  if (random !== undefined) cases.push(await randomCase(random));
  if (cases.length === 0) throw new CaseFileError('there is nothing to play: name a file');
  const both = !(walk || kernel || kubeProxy !== undefined);
  const totals: Totals[] = [];
  if (walk || both) totals.push(await play(walkPlayer, cases));
  if (kernel || both) totals.push(await playThrough(new OwnRules(), cases));
  if (kubeProxy !== undefined) totals.push(await playThrough(new KubeProxyRules(fromCaller(kubeProxy)), cases));
  const sum = sumOf(totals);
  console.log(totalsText(sum));
  process.exitCode = sum.failed > 0 ? 1 : 0;
} catch (error) {
  if (!(error instanceof CaseFileError || error instanceof PlayerError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}

function backend(name: string): string {
  if (name === 'iptables') return name;
  throw new InvalidArgumentError('there is only iptables.');
}

function seed(text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  throw new InvalidArgumentError('a seed is a whole number of up to nine digits.');
}

/** All files are read before anything is played, so that a bad one says so at once. */
function readAll(files: readonly string[]): PacketCase[] {
  const faults: string[] = [];
  const cases = files.flatMap((file) => {
    try {
      return parseCaseFile(file, read(file));
    } catch (error) {
      if (!(error instanceof CaseFileError)) throw error;
      faults.push(error.message);
      return [];
    }
  });
  if (faults.length > 0) throw new CaseFileError(faults.join('\n'));
  return cases;
}

/** npm runs scripts in the root of the project; the caller means the folder where npm was called. */
function fromCaller(path: string): string {
  return resolve(process.env.INIT_CWD ?? '.', path);
}

function read(file: string): string {
  try {
    return readFileSync(fromCaller(file), 'utf8');
  } catch (cause) {
    throw new CaseFileError(`${file}: cannot be read: ${(cause as Error).message}`, { cause });
  }
}

async function playThrough(rules: RuleWriter, cases: readonly PacketCase[]): Promise<Totals> {
  const player = await KernelPlayer.open(rules);
  try {
    return await play(player, cases);
  } finally {
    await player.close();
  }
}

async function play(player: Player, cases: readonly PacketCase[]): Promise<Totals> {
  const totals = await runCases(player, cases, (line) => console.log(line));
  console.log(`${player.name}: ${totalsText(totals)}`);
  return totals;
}
