import { KubeError, type KubeErrorCode } from '@kubecity/kube';
import type { SteerEffect } from '@kubecity/protocol';
import { Argument, Command, CommanderError, Option } from 'commander';
import { type AuditFlags, audit } from './audit.ts';
import { type BundleFlags, bundle } from './bundle.ts';
import { addCompletion, lookUpNames } from './completion.ts';
import { Connection, type ConnectionFlags } from './connection.ts';
import { type DoctorFlags, doctor } from './doctor.ts';
import { type DrainFlags, drainOf, type RampFlags, shareOf, weightOf } from './effect.ts';
import { type ExplainFlags, explain } from './explain.ts';
import { EXIT, Failure } from './failure.ts';
import { type GetFlags, get, KINDS } from './get.ts';
import { addIsolation } from './isolation/commands.ts';
import { choosing, connectionOptions, format, many, ordering, ramping, target } from './options.ts';
import { circumstancesOf, giveOrder, type OrderFlags } from './order.ts';
import { FORMATS } from './output.ts';
import { type RulesFlags, rules } from './rules.ts';
import { type Choice, confirmationOf, targetOf } from './target.ts';
import type { Terminal } from './terminal.ts';
import { changeToUndo } from './undo.ts';
import { type WatchFlags, watch } from './watch.ts';
import { whoAmI } from './whoami.ts';

/** Does what a command says. Resolves with the exit code. */
type Work<Flags> = (flags: Flags & ConnectionFlags, connection: Connection, ...words: string[]) => Promise<number>;

const HELP = `
Targets:
  service/NAME           every backend of a Service, or those chosen by the options
  pod/NAME               a pod in all its Services
  node/NAME, zone/NAME   all backends there, in all namespaces
  override/NAME          an override that is there; cluster-override/NAME one of the whole cluster
  namespace/NAME         what the options choose, in all Services of a namespace
  cluster                the same in all namespaces

Exit codes:
  0  done
  1  failure: the API or the dashboard is away, something is not there
  2  the command line is wrong
  3  refused: no right, the floor, somebody else was faster, nothing that an override can say
  4  --wait: not done in time; the override stays in force

NO_COLOR turns colours off. Data goes to stdout, words go to stderr.`;

const DOCTOR_HELP = `
Looks at the cluster through its API, and at each node through a dashboard, whose agents answer. One node by itself:
kubecity-agent doctor, on the node.

Exit codes:
  0  nothing worse than a note
  1  warnings
  2  errors`;

const BUNDLE_HELP = `
Nothing is read from Secrets or ConfigMaps, and what looks like a token, key or password is replaced. Look into it all the
same before you give it away. It holds at most 32 MiB of text.`;

/**
 * The whole command line.
 * @param ended gets the exit code of the command that ran
 */
export function buildProgram(terminal: Terminal, ended: (exitCode: number) => void) {
  const program = new Command('kubecity')
    .description(
      'Steers the traffic of a Kubernetes cluster, and shows it: what the buttons of the map do, from a terminal.',
    )
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: (text) => terminal.out(text.trimEnd()),
      writeErr: (text) => terminal.say(text.trimEnd()),
    })
    .exitOverride()
    .showHelpAfterError('(--help tells more)')
    .addHelpText('after', HELP);
  for (const option of connectionOptions()) program.addOption(option);

  const works = <Flags>(work: Work<Flags>) =>
    async function (this: Command) {
      const flags = this.optsWithGlobals<Flags & ConnectionFlags>();
      const connection = new Connection(flags, terminal);
      try {
        ended(await work(flags, connection, ...(this.processedArgs as string[])));
      } finally {
        await connection.close();
      }
    };
  const steers = <Flags>(effect: (flags: Flags, value: string | undefined) => SteerEffect) =>
    works<Flags & OrderFlags & Choice>(async (flags, connection, target = '', value) => {
      const aim = targetOf(target, flags, connection.namespace);
      const wish = effect(flags, value);
      const request = {
        action: 'steer',
        target: aim,
        effect: wish,
        ...circumstancesOf(flags, terminal.now()),
      } as const;
      return giveOrder(request, confirmationOf(aim), flags, connection, terminal);
    });
  const command = (name: string, description: string) => program.command(name).description(description);

  const getter = command('get', 'list Services, backends, edges, nodes or overrides, and what steering makes of them')
    .addArgument(new Argument('<kind>', 'what to list').choices([...KINDS]).argParser(String))
    .argument('[names...]', 'only these; of backends and edges also by their Service')
    .option('-A, --all-namespaces', 'of every namespace')
    .option('-l, --selector <labels>', 'with these labels; of backends those of the pod')
    .addOption(format());
  getter.action(async function (this: Command, kind: string, names: string[]) {
    await works<GetFlags>((flags, connection) => get(kind, names, flags, connection, terminal)).call(this);
  });

  const drain = target(command('drain', 'send no new connections to a target, and see its open ones off'))
    .optionsGroup('How:')
    .addOption(
      new Option('--existing <how>', 'open connections: wait for them, end the idle, end all').choices([
        'wait',
        'cutIdle',
        'cut',
      ]),
    )
    .addOption(
      new Option('--udp <how>', 'the same for UDP (default: as --existing)').choices(['wait', 'cutIdle', 'cut']),
    )
    .addOption(
      new Option('--sticky <how>', 'clients held by session affinity: let them come back, or not').choices([
        'keep',
        'expire',
      ]),
    )
    .option('--deadline <duration>', 'after so long, end what is left (default: never)')
    .option('--pace <number>', 'end at most so many a second on each node (default: 50)');
  ordering(choosing(drain), 'object').action(steers<DrainFlags>((flags) => drainOf(flags)));

  const undrain = target(command('undrain', 'take away the drain, weight or share of a target'));
  ordering(choosing(undrain), 'nothing').action(steers<object>(() => ({ kind: 'release' })));
  const weight = target(command('weight', 'set the weight of each backend of a target; 100 is neutral, 0 is none'));
  weight.argument('<weight>', 'from 0 to 1000');
  ordering(choosing(ramping(weight)), 'object').action(
    steers<RampFlags>((flags, value = '') => weightOf(value, flags)),
  );
  const share = target(command('share', 'give all backends of a target together a share of the new connections'));
  share.argument('<percent>', 'from 0 to 100');
  ordering(choosing(ramping(share)), 'object').action(steers<RampFlags>((flags, value = '') => shareOf(value, flags)));

  const undo = command('undo', 'take back a change: what was before it holds again').argument(
    '[change]',
    'its name, or override/NAME for its newest; without it: your own newest',
  );
  ordering(undo, 'former').action(
    works<OrderFlags>(async (flags, connection, text) => {
      const change = await changeToUndo(text, connection);
      const request = { action: 'undo', change, ...circumstancesOf(flags, terminal.now()) } as const;
      return giveOrder(request, 'undo', flags, connection, terminal);
    }),
  );
  command('explain', 'what becomes of a connection, by the rules in the kernel where it meets them (needs a dashboard)')
    .argument('<from>', 'pod/NAME, node/NAME or the address of a client outside')
    .argument('<to>', 'service/NAME:PORT or ADDRESS:PORT')
    .option('--via <node>', 'where a client outside comes in')
    .addOption(new Option('--protocol <name>', 'with ADDRESS:PORT').choices(['TCP', 'UDP', 'SCTP']).default('TCP'))
    .addOption(format())
    .action(
      works<ExplainFlags>((flags, connection, from = '', to = '') => explain(from, to, flags, connection, terminal)),
    );
  addIsolation(program, works, terminal);
  command('rules', 'the rules of a Service as the kernels hold them now (needs a dashboard)')
    .argument('<service>', 'service/NAME')
    .option('--node <name>', 'of this node only')
    .addOption(format())
    .action(works<RulesFlags>((flags, connection, service = '') => rules(service, flags, connection, terminal)));
  const watching = command('watch', 'live traffic until Ctrl-C (needs a dashboard)')
    .argument('[services...]', 'to these Services only')
    .option('-A, --all-namespaces', 'of every namespace')
    .option('--rows <number>', 'rows of the table (default: 30)', Number)
    .addOption(format());
  watching.action(async function (this: Command, names: string[]) {
    await works<WatchFlags>((flags, connection) => watch(names, flags, connection, terminal)).call(this);
  });
  command('audit', 'who changed what, and what came of it (needs a dashboard)')
    .option('--since <time>', 'RFC 3339, or 2h for two hours ago')
    .option('--until <time>', 'the same')
    .addOption(new Option('-o, --output <format>', 'how to tell it').choices([...FORMATS, 'csv']).default('table'))
    .action(works<AuditFlags>((flags, connection) => audit(flags, connection, terminal)));
  command('doctor', 'what is amiss in the cluster and on its nodes, and what to do about it')
    .option('--node <name>', 'of the nodes this one only')
    .addOption(format())
    .addHelpText('after', DOCTOR_HELP)
    .action(works<DoctorFlags>((flags, connection) => doctor(flags, connection, terminal)));
  command('bundle', 'write a support bundle: what the doctor says, overrides, reports, rules, figures, changes')
    .option('-f, --file <name>', 'where to (default: kubecity-bundle-TIME.tar.gz here)')
    .option('--service <names>', 'with the rules of these Services too, besides those that are steered', many)
    .option('--anonymize', 'give names of people, objects and addresses others')
    .addHelpText('after', BUNDLE_HELP)
    .action(works<BundleFlags>((flags, connection) => bundle(flags, connection, terminal)));
  command('whoami', 'as whom you are known, and where you may steer')
    .addOption(format())
    .action(works<GetFlags>((flags, connection) => whoAmI(connection, flags.output, terminal)));
  return { program, completion: addCompletion(program) };
}

/** @returns the exit code */
export async function run(argv: readonly string[], terminal: Terminal): Promise<number> {
  let exitCode: number = EXIT.done;
  const { program, completion } = buildProgram(terminal, (code) => {
    exitCode = code;
  });
  try {
    if (argv[0] === 'complete') await lookUpNames(program, completion, argv.slice(2), terminal);
    await program.parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    // commander has said what is wrong; help and version are no errors
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    return failed(error, terminal);
  }
}

const REFUSED: ReadonlySet<KubeErrorCode> = new Set(['forbidden', 'unauthorized', 'conflict', 'invalid']);

function failed(error: unknown, terminal: Terminal): number {
  const words = error instanceof Error ? error.message : String(error);
  terminal.say(terminal.paint('red', words, 'words'));
  if (error instanceof Failure) return error.exitCode;
  return error instanceof KubeError && REFUSED.has(error.code) ? EXIT.refused : EXIT.failure;
}
