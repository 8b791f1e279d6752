import { KubeError } from '@kubecity/kube';
import { type Command, Option } from 'commander';
import type { Connection, ConnectionFlags } from '../connection.ts';
import { EXIT, Failure } from '../failure.ts';
import { format, many } from '../options.ts';
import type { Terminal } from '../terminal.ts';
import { type ListFlags, list } from './list.ts';
import { type PreviewFlags, preview } from './preview.ts';
import { type WhyFlags, why } from './why.ts';

const HELP = `
All three work on the objects of the cluster, with your own rights, whether or not agents enforce policies.`;

const WHY_HELP = `
Ends:
  pod/NAME, NAME, NAMESPACE/NAME   a pod
  service/NAME:PORT                each of its endpoints, where the connection ends
  node/NAME                        a node, or a pod in its network
  ADDRESS                          whoever has it

Exit codes:
  0  allowed
  1  failure: something is not there, or cannot be read
  2  the command line is wrong
  3  refused, at one endpoint at least`;

const PREVIEW_HELP = `
Pods that are gone are judged by what is known of them. Where that does not decide the answer is "unknown".

Exit codes:
  0  nothing that is known would be cut
  1  failure: the file has a fault, or the dashboard does not know the past
  2  the command line is wrong
  3  something would be cut`;

/** Makes an action of what a command does. */
type Works = <Flags>(
  work: (flags: Flags & ConnectionFlags, connection: Connection) => Promise<number>,
) => (this: Command) => Promise<void>;

/** Code 3 says what policies do; who lacks a right to know hears of a failure. */
async function judged(answer: Promise<number>): Promise<number> {
  try {
    return await answer;
  } catch (error) {
    const isRefusal = error instanceof KubeError || (error instanceof Failure && error.exitCode === EXIT.refused);
    throw isRefusal ? new Failure('failure', error.message, error) : error;
  }
}

export function addIsolation(program: Command, works: Works, terminal: Terminal): void {
  const isolation = program
    .command('isolation')
    .description('NetworkPolicies: why a connection is allowed or refused, whom they select, what new ones would cut')
    .addHelpText('after', HELP);
  isolation
    .command('why')
    .description('what the policies say to a connection, by which rule, and what would open it')
    .requiredOption('--from <end>', 'who opens it')
    .requiredOption('--to <end>', 'where to')
    .option('--port <number>', 'of the pod or address; of a Service its own port, by name or number')
    .addOption(new Option('--protocol <name>', 'how').choices(['TCP', 'UDP', 'SCTP']).default('TCP'))
    .addOption(format())
    .addHelpText('after', WHY_HELP)
    .action(works<WhyFlags>((flags, connection) => judged(why(flags, connection, terminal))));
  isolation
    .command('list')
    .description(
      'the policies, whom they select and what is wrong with them; with a dashboard what they let through and refused',
    )
    .option('-A, --all-namespaces', 'of every namespace')
    .addOption(format())
    .action(works<ListFlags>((flags, connection) => judged(list(flags, connection, terminal))));
  isolation
    .command('preview')
    .description('what policies would cut and open among the traffic of the last hours (needs a dashboard)')
    .option('-f, --filename <file>', 'YAML or JSON with the policies as they are to be; - is standard input')
    .option('--delete <policies>', 'NAMESPACE/NAME of policies that are to go; repeat or divide by commas', many)
    .option('--since <duration>', 'how far to look back', '6h')
    .addOption(format())
    .addHelpText('after', PREVIEW_HELP)
    .action(works<PreviewFlags>((flags, connection) => judged(preview(flags, connection, terminal))));
}
