import { type Command, Option } from 'commander';
import { FORMATS } from './output.ts';

/** Where the cluster and the dashboard are: options of every command. */
export function connectionOptions(): Option[] {
  return [
    new Option('-n, --namespace <name>', 'of the target (default: that of the context, else "default")'),
    new Option(
      '--kubeconfig <file>',
      'the cluster (default: KUBECONFIG, a city that runs here, the pod’s own, ~/.kube/config)',
    ),
    new Option('--context <name>', 'of the kubeconfig'),
    new Option('--kube-socket <path>', 'Unix socket of an API server'),
    new Option('--in-cluster', 'as the ServiceAccount of the pod this runs in'),
    new Option('--dashboard <url>', 'steer through this dashboard, and see what it sees (default: KUBECITY_DASHBOARD)'),
    new Option('--token-file <file>', 'bearer token for the dashboard (default: that of the kubeconfig)'),
  ];
}

export const format = () =>
  new Option('-o, --output <format>', 'how to tell it').choices([...FORMATS]).default('table');

export const target = (command: Command): Command =>
  command.argument('<target>', 'whom it is about, see: kubecity --help');

/** Options that are given several times, or with commas. */
export const many = (text: string, before: readonly string[] = []): string[] => [
  ...before,
  ...text.split(',').filter((one) => one !== ''),
];

export function choosing(command: Command): Command {
  return command
    .optionsGroup('Whom:')
    .option('--pod <names>', 'only these pods; repeat or divide by commas, as all of the following', many)
    .option('--node <names>', 'only on these nodes', many)
    .option('--zone <names>', 'only in these zones', many)
    .option('--address <addresses>', 'only these addresses', many)
    .option('-l, --selector <labels>', 'only pods with these labels: version=v2,tier=web')
    .option('--port <names>', 'only these ports of the Service', many);
}

/** @param leaves what it makes: an object, which can have an end, or what was before, or nothing to wait for */
export function ordering(command: Command, leaves: 'object' | 'former' | 'nothing'): Command {
  command.optionsGroup('Circumstances:');
  if (leaves !== 'nothing') {
    command.option('--wait [duration]', 'until every node has it and a drain is over (default: 10m at most)');
  }
  if (leaves === 'object') command.option('--expires <when>', 'over then: RFC 3339, or 1h from now');
  return command
    .option('--reason <text>', 'why, for those who ask later')
    .option('--allow-empty', 'break the floor of a Service if need be; asks for the name of the target')
    .option('--confirm <name>', 'that name, where nobody can be asked')
    .option('--seen <digest>', 'refuse if anything changed since the answer that had this digest')
    .option('--dry-run', 'change nothing; tell the shares before and after, and with a dashboard every node’s rules')
    .addOption(format());
}

export function ramping(command: Command): Command {
  return command
    .optionsGroup('How:')
    .option('--ramp <duration>', 'go there in equal steps within this time')
    .option('--ramp-from <number>', 'begin there (default: where it is now)');
}
