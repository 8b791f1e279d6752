import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { flagOf, variableOf } from '../apps/agent/src/config/command-line.ts';
import { type SettingDescription, settingDescriptions } from '../apps/agent/src/config/json-schema.ts';
import { isLive } from '../apps/agent/src/config/watch.ts';
import { dashboardCommand } from '../apps/dashboard/server/options.ts';

const HEAD = `# Configuration

Made from the programs' own lists of settings by \`npm run configuration-reference\`; a test says when it is out of date.

## Agent

In a cluster the agents' settings are the file \`config.yaml\` in the ConfigMap \`kubecity-agent\` (\`deploy/overlays/*/agent-config.yaml\`). A running
agent follows it: what is marked **live** takes effect when the kubelet has brought the file, about a minute after \`kubectl apply\`; the rest with the
next start (\`kubectl -n kubecity rollout restart daemonset/kubecity-agent\`). Each setting has a flag and a variable too. A flag wins over its variable,
that over the file (\`--config\`), that over kube-proxy's (\`--kube-proxy-config\`, [operations.md](operations.md)), that over the default.
\`kubecity-agent check-config\` prints what is in effect and where each value is from; \`deploy/agent-config.schema.json\` is the same list for editors.
`;

const DASHBOARD = `
## Dashboard

Flags, each with a variable; \`deploy/base/dashboard.yaml\` uses the variables, so that an overlay can change one by its name. A flag wins over its
variable. Which of them go together, and what they mean for who may do what: [security.md](security.md).
`;

/** The text of docs/configuration.md. */
export function configurationReference(): string {
  const agent = settingDescriptions.map(({ path, ...setting }) => [
    `\`${path.join('.')}\`${isLive(path.join('.')) ? ' **live**' : ''}`,
    meaning(setting),
    shown(setting.default),
    `\`${flagOf(path)}\` \`${variableOf(path)}\``,
  ]);
  const dashboard = dashboardCommand().options.map((option) => [
    `\`${option.flags}\``,
    option.description + choices(option.argChoices),
    shown(option.defaultValueDescription ?? option.defaultValue),
    `\`${option.envVar}\``,
  ]);
  return (
    HEAD +
    table(['setting', 'what it is', 'default', 'flag and variable'], agent) +
    DASHBOARD +
    table(['flag', 'what it is', 'default', 'variable'], dashboard)
  );
}

const meaning = ({ description, enum: values, type }: Omit<SettingDescription, 'path'>): string =>
  description + choices(values ?? (type === 'boolean' ? ['true', 'false'] : undefined));

const choices = (values: readonly string[] | undefined): string =>
  values === undefined ? '' : ` (${values.map((value) => `\`${value}\``).join(', ')})`;

function shown(value: unknown): string {
  if (value === undefined || value === '' || (Array.isArray(value) && value.length === 0)) return '';
  return `\`${String(value)}\``;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return `\n${[line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')}\n`;
}

if (import.meta.main) writeFileSync(join(import.meta.dirname, '../docs/configuration.md'), configurationReference());
