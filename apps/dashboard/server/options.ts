import { Command, InvalidArgumentError, Option } from 'commander';
import { isLoopback } from './origin.ts';

export interface DashboardOptions {
  readonly kubeconfig?: string;
  readonly kubeSocket?: string;
  readonly listen: { readonly host: string; readonly port: number };
  readonly agentSocket?: string;
  readonly agentTokenFile: string;
  readonly clusterName: string;
  readonly history?: string;
  readonly historyMegabytes?: number;
  readonly logLevel: string;
  readonly exitWithStdin: boolean;
  readonly dev: boolean;
}

/** Flags before environment before defaults. Prints and ends the process on `--help` and on a flag that is wrong. */
export function readOptions(argv: readonly string[]): DashboardOptions {
  const option = (flags: string, help: string) => {
    const made = new Option(flags, help);
    return made.env(`KUBECITY_${made.name().toUpperCase().replaceAll('-', '_')}`);
  };
  return new Command('kubecity-dashboard')
    .description('Shows a Kubernetes cluster as a city and steers its traffic.')
    .addOption(
      option('--kubeconfig <file>', 'cluster to show; without this and --kube-socket: the one it runs in').conflicts(
        'kubeSocket',
      ),
    )
    .addOption(option('--kube-socket <path>', 'Unix socket of an API server'))
    .addOption(
      option('--listen <host:port>', 'where browsers connect')
        .default(parseListen('127.0.0.1:8585'), '127.0.0.1:8585')
        .argParser(parseListen),
    )
    .addOption(option('--agent-socket <path>', 'Unix socket for agents; without it they connect where browsers do'))
    .addOption(option('--agent-token-file <file>', 'file with the secret that agents show').makeOptionMandatory())
    .addOption(option('--cluster-name <name>', 'name on the map').default('kubernetes'))
    .addOption(option('--history <file>', 'where the past is kept; without it: in memory, until the dashboard ends'))
    .addOption(
      option('--history-megabytes <number>', 'most room for the past (default: 512, in memory 64)').argParser(
        parseMegabytes,
      ),
    )
    .addOption(
      option('--log-level <level>', 'least to log')
        .choices(['trace', 'debug', 'info', 'warn', 'error'])
        .default('info'),
    )
    .addOption(option('--exit-with-stdin', 'end when standard input closes').default(false))
    .addOption(option('--dev', 'serve the pages from their sources').default(false))
    .parse(argv)
    .opts<DashboardOptions>();
}

export function parseMegabytes(text: string): number {
  const megabytes = Number(text);
  if (Number.isInteger(megabytes) && megabytes >= 16 && megabytes <= 65_536) return megabytes;
  throw new InvalidArgumentError('give a whole number from 16 to 65536.');
}

/** `host:port`, an IPv6 address in brackets. */
export function parseListen(text: string): { host: string; port: number } {
  const match = /^(\[[^\]]+\]|[^:]+):(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (!match?.[1] || port > 65_535) throw new InvalidArgumentError('give it as HOST:PORT, for example 127.0.0.1:8585.');
  const host = match[1].replace(/^\[|\]$/g, '');
  if (!isLoopback(host)) {
    throw new InvalidArgumentError(
      `${host} can be reached from other machines, and browsers are not authenticated yet: ` +
        'listen on 127.0.0.1 and reach it through a tunnel (ssh -L, kubectl port-forward).',
    );
  }
  return { host, port };
}
