import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { CaseFileError, parseCaseFile } from './case-file.ts';
import { KernelPlayer } from './kernel/kernel-player.ts';
import type { PacketCase } from './packet-case.ts';
import { type Player, PlayerError, walkPlayer } from './player.ts';
import { runCases, sumOf, type Totals, totalsText } from './run.ts';

/** `npm run cases`: plays files of behaviour cases. Exit code 0 = all passed, 1 = some failed, 2 = could not be played. */

const program = new Command('cases')
  .description('Plays files of behaviour cases: what happens to the first packet of a connection on one node.')
  .argument('<file...>', 'files like packet-flow.json or topology.json')
  .option('--walk', 'only through the packet walk over the generated rules')
  .option('--kernel', 'only with real packets, in network namespaces')
  .option('--backend <name>', 'kernel interface the rules are written for: iptables', backend, 'iptables')
  .helpOption('-h, --help', 'show this')
  .exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : 2))
  .parse();

const { walk = false, kernel = false } = program.opts<{ walk?: boolean; kernel?: boolean }>();

try {
  const cases = readAll(program.args);
  const totals: Totals[] = [];
  if (walk || !kernel) totals.push(await play(walkPlayer, cases));
  if (kernel || !walk) {
    const player = await KernelPlayer.open();
    try {
      totals.push(await play(player, cases));
    } finally {
      await player.close();
    }
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
function read(file: string): string {
  try {
    return readFileSync(resolve(process.env.INIT_CWD ?? '.', file), 'utf8');
  } catch (cause) {
    throw new CaseFileError(`${file}: cannot be read: ${(cause as Error).message}`, { cause });
  }
}

async function play(player: Player, cases: readonly PacketCase[]): Promise<Totals> {
  const totals = await runCases(player, cases, (line) => console.log(line));
  console.log(`${player.name}: ${totalsText(totals)}`);
  return totals;
}
