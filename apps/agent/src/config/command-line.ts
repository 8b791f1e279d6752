import { Argument, Command, Option } from 'commander';
import { type SettingDescription, settingDescriptions } from './json-schema.ts';
import { setAt } from './setting-path.ts';

export const COMMANDS = ['run', 'init', 'cleanup', 'doctor', 'check-config', 'config-schema'] as const;
export type AgentCommand = (typeof COMMANDS)[number];

/** What the command line and the environment say, not yet checked. */
export interface Invocation {
  readonly command: AgentCommand;
  readonly configFile?: string;
  readonly kubeProxyFile?: string;
  /** Of the command doctor. */
  readonly output: 'table' | 'json';
  /** Settings as in a file. */
  readonly flags: Readonly<Record<string, unknown>>;
  readonly environment: Readonly<Record<string, unknown>>;
}

const COMMAND_HELP = `
Commands:
  run                  program Service routing and report to the dashboard (when no command is given)
  init                 make the kernel settings that need privileges, then end: the agent itself then needs
                       CAP_NET_ADMIN only
  cleanup              remove every rule and chain of ours from this network namespace
  doctor               look at this node and say what is amiss and what to do about it. Ends with 0 when nothing is,
                       1 with warnings, 2 with errors
  check-config         print the configuration in effect and where each value is from
  config-schema        print the JSON schema of the file for --config

Each flag has a variable, --cluster-cidr KUBECITY_CLUSTER_CIDR, and a field in the file, clusterCIDR.
A flag wins over its variable, that over --config, that over --kube-proxy-config, that over the default.
Lists are separated by commas.`;

/** Exits with help, or with an error for a flag that does not exist, as command lines do. */
export function parseCommandLine(argv: readonly string[], environment: NodeJS.ProcessEnv): Invocation {
  const program = new Command('kubecity-agent')
    .description(
      'Programs the Service routing of one node with iptables, reads its connections from conntrack and reports to the\n' +
        'dashboard. Rules stay in the kernel when the agent stops.',
    )
    .addArgument(new Argument('[command]').choices(COMMANDS).default('run'))
    .option('--config <file>', 'settings in YAML or JSON; followed while the agent runs')
    .option('--kube-proxy-config <file>', 'KubeProxyConfiguration, or the ConfigMap that holds it')
    .addOption(new Option('-o, --output <format>', 'how doctor tells it').choices(['table', 'json']).default('table'))
    .addHelpText('after', COMMAND_HELP)
    .showHelpAfterError('(--help lists every flag)');
  for (const setting of settingDescriptions) program.addOption(optionOf(setting));
  program.parse([...argv], { from: 'user' });

  const given = program.opts<Record<string, string | true | undefined>>();
  const flags = {};
  const variables = {};
  for (const setting of settingDescriptions) {
    const flag = given[optionOf(setting).attributeName()];
    const variable = environment[variableOf(setting.path)];
    if (flag !== undefined) setAt(flags, setting.path, fromText(setting, String(flag)));
    if (variable !== undefined) setAt(variables, setting.path, fromText(setting, variable));
  }
  const { config: configFile = environment.KUBECITY_CONFIG } = given;
  const { kubeProxyConfig: kubeProxyFile = environment.KUBECITY_KUBE_PROXY_CONFIG } = given;
  return {
    command: program.processedArgs[0] as AgentCommand,
    ...(configFile !== undefined && { configFile: String(configFile) }),
    ...(kubeProxyFile !== undefined && { kubeProxyFile: String(kubeProxyFile) }),
    output: given.output === 'json' ? 'json' : 'table',
    flags,
    environment: variables,
  };
}

/** `--conntrack-max-per-core` for `['conntrack', 'maxPerCore']`. */
export const flagOf = (path: readonly string[]): string => `--${path.map(kebab).join('-')}`;

export const variableOf = (path: readonly string[]): string =>
  `KUBECITY_${path.map(kebab).join('_').replaceAll('-', '_').toUpperCase()}`;

/** `clusterCIDR` → `cluster-cidr`, `nodeIPs` → `node-ips`. */
const kebab = (name: string): string =>
  name.replaceAll(/[A-Z]+s?(?![a-z])|[A-Z]/g, (capitals) => `-${capitals.toLowerCase()}`);

function optionOf({ path, type, description, default: standard, enum: choices }: SettingDescription): Option {
  const argument = type === 'boolean' ? '[true|false]' : `<${choices?.join('|') ?? WORDS[type ?? 'string']}>`;
  const shown =
    standard === undefined || (Array.isArray(standard) && standard.length === 0) ? '' : ` (default ${standard})`;
  return new Option(`${flagOf(path)} ${argument}`, `${description}${shown}`);
}

const WORDS = { string: 'text', integer: 'number', array: 'list', boolean: 'true|false' };

/** What does not convert stays text, so that the schema refuses it together with the value. */
function fromText({ type }: SettingDescription, text: string): unknown {
  if (type === 'array') return text.trim() === '' ? [] : text.split(',').map((item) => item.trim());
  if (type === 'integer') return /^-?\d+$/.test(text) ? Number(text) : text;
  if (type === 'boolean') return text === 'true' ? true : text === 'false' ? false : text;
  return text;
}
