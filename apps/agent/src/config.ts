import { readFileSync } from 'node:fs';
import { parseIPv4Range, rangeText } from '@kubecity/routing';
import { DEFAULT_MASQUERADE_MARK } from '@kubecity/ruleset';
import { Command, InvalidArgumentError, Option } from 'commander';

export interface AgentConfig {
  readonly nodeName: string;
  readonly mode: 'replace';
  readonly kubeconfig?: string;
  readonly kubeSocket?: string;
  readonly clusterCidr?: string;
  readonly masqueradeMark: number;
  readonly hub?: HubAddress;
  readonly hubToken?: string;
  readonly health: { readonly host: string; readonly port: number };
  readonly logLevel: string;
  readonly minSyncMs: number;
  readonly checkMs: number;
  readonly accountingMs: number;
  readonly cleanup: boolean;
}

export type HubAddress = { readonly socketPath: string } | { readonly url: string };

const LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace'];

/** Flags win over `KUBECITY_…` variables. Exits with help or a clear error by itself, as command lines do. */
export function readConfig(argv: readonly string[]): AgentConfig {
  const program = new Command('kubecity-agent')
    .description(
      'Programs the Service routing of one node with iptables, reads its connections from conntrack and reports to the\n' +
        'dashboard. Rules stay in the kernel when the agent stops; --cleanup removes them.',
    )
    .addOption(env('--node-name <name>', 'NODE_NAME', 'name of this Node in the cluster').makeOptionMandatory())
    .addOption(
      env('--mode <mode>', 'MODE', 'replace: be the Service proxy of this node')
        .choices(['replace'])
        .default('replace'),
    )
    .addOption(
      env(
        '--kubeconfig <file>',
        'KUBECONFIG_FILE',
        "kubeconfig of the cluster; without it and --kube-socket: the Pod's own ServiceAccount",
      ),
    )
    .addOption(env('--kube-socket <path>', 'KUBE_SOCKET', 'Unix socket of the API server').conflicts('kubeconfig'))
    .addOption(
      env('--cluster-cidr <range>', 'CLUSTER_CIDR', 'IPv4 range of pods; clients outside it are masqueraded').argParser(
        cidr,
      ),
    )
    .addOption(
      env('--masquerade-mark <mask>', 'MASQUERADE_MARK', 'the packet mark bit that is ours')
        .argParser(oneBit)
        .default(DEFAULT_MASQUERADE_MARK, '0x2000'),
    )
    .addOption(env('--hub <address>', 'HUB', 'dashboard: http(s)://host:port or unix:/path').argParser(hubAddress))
    .addOption(env('--hub-token-file <file>', 'HUB_TOKEN_FILE', 'file with the token that the dashboard expects'))
    .addOption(
      env('--health-listen <host:port>', 'HEALTH_LISTEN', '/healthz, /livez and /metrics')
        .argParser(hostPort)
        .default({ host: '127.0.0.1', port: 10256 }, '127.0.0.1:10256'),
    )
    .addOption(
      env('--min-sync-ms <ms>', 'MIN_SYNC_MS', 'least time between two changes of the kernel')
        .argParser(positive)
        .default(100),
    )
    .addOption(
      env('--check-ms <ms>', 'CHECK_MS', 'how often the kernel is compared with what it should hold')
        .argParser(positive)
        .default(30_000),
    )
    .addOption(
      env('--accounting-ms <ms>', 'ACCOUNTING_MS', 'how often connections are read').argParser(positive).default(1000),
    )
    .addOption(env('--log-level <level>', 'LOG_LEVEL', 'how much to log').choices(LEVELS).default('info'))
    .option('--cleanup', 'remove every rule and chain of ours from this network namespace, then exit', false)
    .showHelpAfterError('(--help lists every flag)');
  program.parse([...argv], { from: 'user' });
  const options = program.opts();
  const { healthListen, hubTokenFile, ...rest } = options;
  if (options.hub && !hubTokenFile) program.error("error: option '--hub' needs '--hub-token-file'");
  const hubToken = hubTokenFile === undefined ? undefined : readToken(program, hubTokenFile);
  return { ...rest, health: healthListen, ...(hubToken !== undefined && { hubToken }) } as AgentConfig;
}

function env(flags: string, variable: string, description: string): Option {
  return new Option(flags, description).env(`KUBECITY_${variable}`);
}

function readToken(program: Command, file: string): string {
  try {
    const token = readFileSync(file, 'utf8').trim();
    if (token !== '') return token;
    program.error(`error: option '--hub-token-file': ${file} is empty`);
  } catch (cause) {
    program.error(`error: option '--hub-token-file': ${(cause as Error).message}`);
  }
}

function cidr(text: string): string {
  const range = parseIPv4Range(text);
  if (!range) throw new InvalidArgumentError('Give an IPv4 range such as 10.244.0.0/16.');
  return rangeText(range);
}

function oneBit(text: string): number {
  const mask = Number(text);
  if (!Number.isInteger(mask) || mask < 1 || mask > 0x80000000 || !Number.isInteger(Math.log2(mask))) {
    throw new InvalidArgumentError('Give exactly one bit of 32, such as 0x2000.');
  }
  return mask;
}

function positive(text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 10)
    throw new InvalidArgumentError('Give a whole number of milliseconds, 10 or more.');
  return value;
}

function hubAddress(text: string): HubAddress {
  if (text.startsWith('unix:')) return { socketPath: text.slice('unix:'.length) };
  if (!/^https?:\/\/./.test(text))
    throw new InvalidArgumentError('Give http://host:port, https://host:port or unix:/path.');
  return { url: text };
}

function hostPort(text: string): { host: string; port: number } {
  const at = text.lastIndexOf(':');
  const host = text.slice(0, at).replace(/^\[|\]$/g, '');
  const port = Number(text.slice(at + 1));
  if (at < 1 || !Number.isInteger(port) || port < 0 || port > 65_535) throw new InvalidArgumentError('Give host:port.');
  // Metrics and health are not authenticated, so they are not offered to the network.
  if (!['127.0.0.1', '::1', 'localhost'].includes(host))
    throw new InvalidArgumentError('Only loopback addresses are served.');
  return { host, port };
}
