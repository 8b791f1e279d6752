import { Command, InvalidArgumentError, Option } from 'commander';
import { type AgentFlags, type AgentSettings, agentOptions, agentSettings } from './agent-link/agent-settings.ts';
import { AUTH_WAYS, type AuthFlags, type AuthSettings, type AuthWay, authSettings } from './auth/auth-settings.ts';
import type { TlsFiles } from './tls-server.ts';

interface Place {
  readonly host: string;
  readonly port: number;
}

interface Flags extends AuthFlags, AgentFlags {
  readonly kubeconfig?: string;
  readonly kubeSocket?: string;
  readonly listen: Place;
  readonly tlsCertFile?: string;
  readonly tlsKeyFile?: string;
  /** Where `/healthz`, `/livez` and `/metrics` are answered besides. */
  readonly metricsListen?: Place;
  readonly clusterName: string;
  readonly history?: string;
  readonly historyMegabytes?: number;
  readonly logLevel: string;
  /** The container's port is published on loopback alone. */
  readonly publishedOnLoopback: boolean;
  readonly exitWithStdin: boolean;
  readonly dev: boolean;
}

export interface DashboardOptions
  extends Omit<Flags, keyof AuthFlags | keyof AgentFlags | 'tlsCertFile' | 'tlsKeyFile'> {
  readonly auth: AuthSettings;
  readonly agents: AgentSettings;
  readonly tls?: TlsFiles;
}

/** Every flag, with its variable, default and words; what docs/configuration.md is made of. */
export function dashboardCommand(): Command {
  const command = new Command('kubecity-dashboard')
    .description('Shows a Kubernetes cluster as a city and steers its traffic.')
    .addOption(
      option('--kubeconfig <file>', 'cluster to show; without this and --kube-socket: the one it runs in').conflicts(
        'kubeSocket',
      ),
    )
    .addOption(option('--kube-socket <path>', 'Unix socket of an API server'))
    .addOption(
      option('--listen <host:port>', 'where browsers connect')
        .default(parsePlace('127.0.0.1:8585'), '127.0.0.1:8585')
        .argParser(parsePlace),
    )
    .addOption(
      option(
        '--metrics-listen <host:port>',
        'where /metrics, /healthz and /livez are answered; without it: where browsers connect, on loopback only',
      ).argParser(parsePlace),
    )
    .addOption(option('--cluster-name <name>', 'name on the map').default('kubernetes'))
    .addOption(
      option(
        '--history <file>',
        'where the past is kept, and in FILE.audit who changed what; without it: in memory, until the dashboard ends',
      ),
    )
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
    .addOption(
      option(
        '--published-on-loopback',
        'in a container whose port is published on 127.0.0.1 alone: --auth local may listen on all its addresses',
      ).default(false),
    )
    .addOption(option('--exit-with-stdin', 'end when standard input closes').default(false))
    .addOption(option('--dev', 'serve the pages from their sources').default(false));
  for (const one of [...agentOptions(option, parsePlace), ...authOptions()]) command.addOption(one);
  return command;
}

/** Flags before environment before defaults. Prints and ends the process on `--help` and on a flag that is wrong. */
export function readOptions(argv: readonly string[]): DashboardOptions {
  const command = dashboardCommand();
  const flags = command.parse(argv).opts<Flags>();
  try {
    const { listen, kubeSocket, publishedOnLoopback } = flags;
    const auth = authSettings(flags, { host: listen.host, kubeSocket, publishedOnLoopback });
    return { ...flags, auth, agents: agentSettings(flags), tls: tlsFiles(flags) };
  } catch (error) {
    return command.error(`error: ${(error as Error).message}.`);
  }
}

/** @throws Error when one goes without the other, or where it would help nobody */
function tlsFiles({ tlsCertFile: cert, tlsKeyFile: key, auth }: Flags): TlsFiles | undefined {
  if (cert === undefined && key === undefined) return undefined;
  if (cert === undefined || key === undefined) throw new Error('--tls-cert-file and --tls-key-file go together');
  if (auth.includes('local'))
    throw new Error('--tls-cert-file: --auth local serves this machine only, over plain http');
  return { cert, key };
}

function option(flags: string, help: string): Option {
  const made = new Option(flags, help);
  return made.env(`KUBECITY_${made.name().toUpperCase().replaceAll('-', '_')}`);
}

function authOptions(): Option[] {
  return [
    option('--auth <way>', `how people prove who they are: ${AUTH_WAYS.join(', ')}; several with commas`)
      .default(['local'], 'local')
      .argParser(parseWays),
    option('--public-url <url>', 'where browsers reach the dashboard, when a proxy stands before it').argParser(
      parseUrl,
    ),
    option('--tls-cert-file <file>', 'serve browsers over https with this certificate'),
    option('--tls-key-file <file>', 'its key'),
    option('--session-idle-hours <hours>', 'a session ends after so long without use').default(8).argParser(parseHours),
    option('--session-hours <hours>', 'a session ends after so long').default(24).argParser(parseHours),
    option('--oidc-issuer <url>', 'OpenID Connect issuer').argParser(parseUrl),
    option('--oidc-client-id <id>', 'of the dashboard at the issuer'),
    option('--oidc-client-secret-file <file>', 'without it: a public client'),
    option('--oidc-scopes <scopes>', 'asked for at the issuer').default('openid profile email'),
    option(
      '--oidc-acts-as <how>',
      'token: the ID token is shown to the cluster; impersonate: the dashboard’s own right',
    )
      .choices(['token', 'impersonate'])
      .default('token'),
    option('--oidc-username-claim <claim>', 'whom to impersonate').default('sub'),
    option('--oidc-username-prefix <prefix>', 'put before the user').default(''),
    option('--oidc-groups-claim <claim>', 'with which groups').default('groups'),
    option('--oidc-groups-prefix <prefix>', 'put before each group').default(''),
    option('--proxy-secret-file <file>', 'secret that an authenticating proxy shows in X-Kubecity-Proxy-Secret'),
  ];
}

export function parseWays(text: string): AuthWay[] {
  const ways = text.split(',').map((way) => way.trim());
  for (const way of ways) {
    if (!AUTH_WAYS.some((known) => known === way)) {
      throw new InvalidArgumentError(`give some of ${AUTH_WAYS.join(', ')}, with commas between them.`);
    }
  }
  return [...new Set(ways)] as AuthWay[];
}

function parseUrl(text: string): URL {
  const url = URL.parse(text);
  if (url && ['http:', 'https:'].includes(url.protocol) && url.search === '' && url.hash === '') return url;
  throw new InvalidArgumentError('give it as https://HOST, without a query.');
}

function parseHours(text: string): number {
  const hours = Number(text);
  if (hours > 0 && hours <= 720) return hours;
  throw new InvalidArgumentError('give a number of hours, at most 720.');
}

export function parseMegabytes(text: string): number {
  const megabytes = Number(text);
  if (Number.isInteger(megabytes) && megabytes >= 16 && megabytes <= 65_536) return megabytes;
  throw new InvalidArgumentError('give a whole number from 16 to 65536.');
}

/** `host:port`, an IPv6 address in brackets. */
export function parsePlace(text: string): Place {
  const match = /^(\[[^\]]+\]|[^:]+):(\d{1,5})$/.exec(text);
  const port = Number(match?.[2]);
  if (!match?.[1] || port > 65_535) throw new InvalidArgumentError('give it as HOST:PORT, for example 127.0.0.1:8585.');
  return { host: match[1].replace(/^\[|\]$/g, ''), port };
}
