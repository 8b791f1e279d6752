import { resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import pc from 'picocolors';
import { type City, startCity, Teardown } from './launcher/city.ts';
import { CityError } from './launcher/city-error.ts';
import { execute } from './launcher/exec.ts';
import { terminalReport } from './launcher/report.ts';
import { describeCity } from './launcher/status.ts';
import { lastLines } from './machine/log-file.ts';
import { limits } from './plan/city-plan.ts';
import { shop } from './plan/shop.ts';

/** Of a log, when a part failed: the folder it is in goes away with the city. */
const LOG_LINES = 20;

const root = resolve(import.meta.dirname, '../../..');

interface Flags {
  readonly nodes: number;
  readonly services?: number;
  readonly pods?: number;
  readonly port: number;
  readonly seed: number;
  readonly name: string;
  readonly dashboard: boolean;
  readonly inContainer: boolean;
}

const program = new Command('city')
  .description('A whole Kubernetes city on this machine: API, nodes, pods, traffic, agents and the dashboard.')
  .enablePositionalOptions()
  .option('--nodes <number>', `nodes, in two zones (1 to ${limits.nodes})`, between(1, limits.nodes), 4)
  .option(
    '--services <number>',
    `Services (1 to ${limits.services}; the shop has ${shop.length})`,
    between(1, limits.services),
  )
  .option('--pods <number>', `pods over all Services (1 to ${limits.pods})`, between(1, limits.pods))
  .option('--port <number>', 'port of the dashboard on 127.0.0.1', between(1, 65_535), 8585)
  .option('--seed <number>', 'the same seed gives the same names and traffic', between(0, 2 ** 32 - 1), 1)
  .option('--name <name>', 'name of the cluster on the map', 'city')
  .option('--no-dashboard', 'build the city without the dashboard')
  .option(
    '--in-container',
    "inside the city's image: the pages are built, and the port is published on 127.0.0.1 by whoever started the container",
    false,
  )
  .action(run);
program
  .command('exec <place> <command...>')
  .description('run a command in the network namespace of a node, of a pod, or of the gate')
  .passThroughOptions()
  .action(async (place: string, command: string[]) => {
    process.exitCode = await execute(place, command);
  });
program
  .command('status')
  .description('what the running city has and what it uses')
  .action(async () => {
    for (const line of await describeCity()) console.log(line);
  });

await program.parseAsync().catch(tellFailure);

async function run(flags: Flags): Promise<void> {
  const teardown = new Teardown();
  let ending: Promise<void> | undefined;
  const end = (exitCode: number, why: string) => {
    // asked a second time: whoever asks does not want to wait; the machine and the dashboard end with this process
    if (ending !== undefined) process.exit(exitCode);
    console.log(why);
    ending = teardown.run().finally(() => process.exit(exitCode));
  };
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => end(0, '\nTaking the city down'));
  // scripts/start.mjs was killed
  process.once('disconnect', () => end(1, 'The command that started this city is gone'));

  const broke = (error: CityError) => {
    if (ending !== undefined) return;
    tellFailure(error);
    end(1, 'Taking the city down');
  };
  try {
    const start = performance.now();
    const city = await startCity({ ...flags, root, report: terminalReport(), broke }, teardown);
    if (ending === undefined) welcome(city, (performance.now() - start) / 1000);
  } catch (error) {
    if (ending !== undefined) return;
    tellFailure(error);
    ending = teardown.run();
    await ending;
    process.exit(1);
  }
}

function welcome({ url, kubeconfig, statePath }: City, seconds: number): void {
  const lines = [
    '',
    `The city is up after ${seconds.toFixed(1)} s.${url === undefined ? '' : `   ${pc.bold(pc.cyan(url))}`}`,
    '',
    `  kubeconfig    ${kubeconfig}`,
    `                kubectl --kubeconfig ${kubeconfig} -n shop scale deployment reviews --replicas=2`,
    '  kubecity      npm run kubecity -- get backends -n shop',
    '  in a node     npm run city -- exec node-a iptables-save -t nat',
    '                npm run city -- exec node-a conntrack -L',
    '  in a pod      npm run city -- exec POD curl http://10.96.x.y',
    `  logs          ${statePath}/logs`,
    '',
    pc.dim('Ctrl-C takes everything down again.'),
  ];
  for (const line of lines) console.log(line);
}

function tellFailure(error: unknown): void {
  process.exitCode = 1;
  if (!(error instanceof CityError)) {
    console.error(error);
    return;
  }
  console.error(`${pc.red('✗')} ${error.message}`);
  const lines = error.logPath === undefined ? [] : lastLines(error.logPath, LOG_LINES);
  for (const line of lines) console.error(pc.dim(`    ${line}`));
}

function between(least: number, most: number): (text: string) => number {
  return (text) => {
    const number = Number(text);
    if (text.trim() !== '' && Number.isInteger(number) && number >= least && number <= most) return number;
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
  };
}
