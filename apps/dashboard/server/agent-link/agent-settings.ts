import { InvalidArgumentError, type Option } from 'commander';
import type { TlsFiles } from '../tls-server.ts';
import type { ConfigMapPlace } from './ca-publisher.ts';

export const AGENT_AUTH = ['token', 'serviceaccount'] as const;

/** As the command line has them. */
export interface AgentFlags {
  readonly agentSocket?: string;
  readonly agentListen?: { readonly host: string; readonly port: number };
  readonly agentAuth: (typeof AGENT_AUTH)[number];
  readonly agentTokenFile?: string;
  readonly agentAudience: string;
  readonly agentServiceAccount: ConfigMapPlace;
  readonly agentTlsCertFile?: string;
  readonly agentTlsKeyFile?: string;
  readonly agentTlsNames: readonly string[];
  readonly agentCaConfigMap: ConfigMapPlace;
}

/** Where agents connect, and how they prove who they are. */
export interface AgentSettings {
  readonly door:
    | { readonly kind: 'browsers' }
    | { readonly kind: 'socket'; readonly path: string }
    | {
        readonly kind: 'tls';
        readonly listen: { readonly host: string; readonly port: number };
        /** Absent: with a certificate of our own making. */
        readonly files?: TlsFiles;
        readonly names: readonly string[];
        readonly place: ConfigMapPlace;
      };
  readonly proof:
    | { readonly kind: 'secret'; readonly file: string }
    | { readonly kind: 'account'; readonly audience: string; readonly account: ConfigMapPlace };
}

/** @throws Error when flags contradict each other, or one is missing */
export function agentSettings(flags: AgentFlags): AgentSettings {
  return { door: door(flags), proof: proof(flags) };
}

function door(flags: AgentFlags): AgentSettings['door'] {
  const { agentSocket, agentListen: listen, agentTlsCertFile: cert, agentTlsKeyFile: key } = flags;
  if (agentSocket !== undefined && listen !== undefined)
    throw new Error('--agent-socket and --agent-listen are two ways: give one');
  if (listen === undefined && (cert !== undefined || key !== undefined))
    throw new Error('--agent-tls-cert-file goes with --agent-listen');
  if (agentSocket !== undefined) return { kind: 'socket', path: agentSocket };
  if (listen === undefined) return { kind: 'browsers' };
  const own = { kind: 'tls', listen, names: flags.agentTlsNames, place: flags.agentCaConfigMap } as const;
  if (cert === undefined && key === undefined) return own;
  if (cert === undefined || key === undefined)
    throw new Error('--agent-tls-cert-file and --agent-tls-key-file go together');
  return { ...own, files: { cert, key } };
}

function proof(flags: AgentFlags): AgentSettings['proof'] {
  const { agentAuth, agentTokenFile: file, agentAudience: audience, agentServiceAccount: account } = flags;
  if (agentAuth === 'token') {
    if (file === undefined) throw new Error('--agent-auth token needs --agent-token-file');
    return { kind: 'secret', file };
  }
  if (file !== undefined) throw new Error('--agent-token-file is of --agent-auth token');
  // in the clear a token would be anybody's who listens
  if (flags.agentListen === undefined && flags.agentSocket === undefined)
    throw new Error('--agent-auth serviceaccount needs --agent-listen (TLS), or --agent-socket');
  return { kind: 'account', audience, account };
}

/** @param option makes one that may be given by a variable too */
export function agentOptions(
  option: (flags: string, help: string) => Option,
  place: (text: string) => { readonly host: string; readonly port: number },
): Option[] {
  return [
    option(
      '--agent-socket <path>',
      'Unix socket for agents; without this and --agent-listen they come where browsers do',
    ),
    option('--agent-listen <host:port>', 'where agents connect, over TLS').argParser(place),
    option('--agent-auth <way>', 'how agents prove who they are').choices(AGENT_AUTH).default('token'),
    option('--agent-token-file <file>', 'with token: file with the secret that agents show'),
    option('--agent-audience <audience>', 'with serviceaccount: what their tokens are made for').default(
      'kubecity-dashboard',
    ),
    option('--agent-service-account <namespace/name>', 'with serviceaccount: whose tokens')
      .default(parseNamed('kubecity/kubecity-agent'), 'kubecity/kubecity-agent')
      .argParser(parseNamed),
    option('--agent-tls-cert-file <file>', 'certificate for agents, of your own authority (agents: hubCAFile)'),
    option('--agent-tls-key-file <file>', 'its key; without the two a certificate is made at each start'),
    option('--agent-tls-names <names>', 'of a certificate that is made: names under which agents come, with commas')
      .default(DEFAULT_NAMES, DEFAULT_NAMES.join(','))
      .argParser(parseNames),
    option('--agent-ca-config-map <namespace/name>', 'of a certificate that is made: where agents learn it')
      .default(parseNamed('kubecity/kubecity-dashboard-ca'), 'kubecity/kubecity-dashboard-ca')
      .argParser(parseNamed),
  ];
}

const DEFAULT_NAMES = [
  'kubecity-dashboard.kubecity.svc',
  'kubecity-dashboard.kubecity.svc.cluster.local',
  'kubecity-dashboard',
  'localhost',
  '127.0.0.1',
];

export function parseNames(text: string): string[] {
  const names = text
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  if (names.length > 0 && names.every((name) => /^[A-Za-z0-9.:_*-]{1,253}$/.test(name))) return names;
  throw new InvalidArgumentError('give names or addresses with commas between them.');
}

export function parseNamed(text: string): ConfigMapPlace {
  const [, namespace, name] = /^([a-z0-9][a-z0-9.-]{0,252})\/([a-z0-9][a-z0-9.-]{0,252})$/.exec(text) ?? [];
  if (namespace !== undefined && name !== undefined) return { namespace, name };
  throw new InvalidArgumentError('give it as NAMESPACE/NAME.');
}
