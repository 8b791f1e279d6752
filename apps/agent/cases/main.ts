import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { PacketPlayer } from '@kubecity/isolation/lab';
import type { PolicyCase } from '@kubecity/isolation/testing';
import { Command, InvalidArgumentError } from 'commander';
import { CaseFileError, type Cases, parseCases } from './case-file.ts';
import { KernelPlayer } from './kernel/kernel-player.ts';
import { KubeProxyRules } from './kernel/kube-proxy-rules.ts';
import { OwnRules } from './kernel/own-rules.ts';
import type { RuleWriter } from './kernel/rule-writer.ts';
import type { PacketCase } from './packet-case.ts';
import { type Player, PlayerError, walkPlayer } from './player.ts';
import { type PolicyPlayer, policyPackets, policyWalk, runPolicyCases } from './policy-run.ts';
import { randomCase } from './random-case.ts';
import { runCases, sumOf, type Totals, totalsText } from './run.ts';

/** `npm run cases`: plays files of behaviour cases. Exit code 0 = all passed, 1 = some failed, 2 = could not be played. */

const program = new Command('cases')
  .description(
    'Plays files of behaviour cases: what happens to the first packet of a connection on one node, or whether NetworkPolicies let connections through.',
  )
  .argument('[file...]', 'files like packet-flow.json, topology.json or network-policy.json')
  .option('--walk', 'only through the packet walk over the generated rules; of policies through the engine')
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
  const files = readAll(program.args);
  const policies = files.flatMap((file) => file.policies);
  const cases = files.flatMap(({ packets }) => packets);
  if (random !== undefined) cases.push(await randomCase(random));
  if (cases.length + policies.length === 0) throw new CaseFileError('there is nothing to play: name a file');
  if (kubeProxy !== undefined && policies.length > 0)
    throw new CaseFileError('a kube-proxy knows no NetworkPolicies: play these without --kube-proxy');
  const both = !(walk || kernel || kubeProxy !== undefined);
  const totals: Totals[] = [];
  if (cases.length > 0) {
    if (walk || both) totals.push(await play(walkPlayer, cases));
    if (kernel || both) totals.push(await playThrough(new OwnRules(), cases));
    if (kubeProxy !== undefined) totals.push(await playThrough(new KubeProxyRules(fromCaller(kubeProxy)), cases));
  }
  if (policies.length > 0) {
    if (walk || both) totals.push(await playPolicies(policyWalk, policies));
    if (kernel || both) totals.push(await playPackets(policies));
  }
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
function readAll(files: readonly string[]): Cases[] {
  const faults: string[] = [];
  const cases = files.flatMap((file) => {
    try {
      return parseCases(file, read(file));
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

async function playPackets(cases: readonly PolicyCase[]): Promise<Totals> {
  const player = await PacketPlayer.open();
  try {
    return await playPolicies(policyPackets(player), cases);
  } finally {
    await player.close();
  }
}

async function playPolicies(player: PolicyPlayer, cases: readonly PolicyCase[]): Promise<Totals> {
  return told(`policies, ${player.name}`, await runPolicyCases(player, cases, (line) => console.log(line)));
}

async function play(player: Player, cases: readonly PacketCase[]): Promise<Totals> {
  return told(player.name, await runCases(player, cases, (line) => console.log(line)));
}

function told(name: string, totals: Totals): Totals {
  console.log(`${name}: ${totalsText(totals)}`);
  return totals;
}
