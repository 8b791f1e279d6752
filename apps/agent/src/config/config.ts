import { ConfigError } from './agent-config.ts';
import { type Invocation, parseCommandLine } from './command-line.ts';
import { configSchemaText } from './json-schema.ts';
import { type LoadedConfig, loadConfig } from './load.ts';
import { effectiveConfigText } from './report.ts';

export interface Start {
  readonly command: 'run' | 'init' | 'cleanup';
  /** For `watchConfig`. */
  readonly invocation: Invocation;
  readonly loaded: LoadedConfig;
}

/** What to do and with which configuration. Commands that only print, and errors, end the process by themselves. */
export function readConfig(argv: readonly string[], environment: NodeJS.ProcessEnv = process.env): Start {
  const invocation = parseCommandLine(argv, environment);
  const { command } = invocation;
  if (command === 'config-schema') {
    process.stdout.write(configSchemaText());
    process.exit(0);
  }
  const loaded = loadOrExit(invocation);
  if (command === 'check-config') {
    process.stdout.write(effectiveConfigText(loaded));
    process.exit(0);
  }
  return { command, invocation, loaded };
}

function loadOrExit(invocation: Invocation): LoadedConfig {
  try {
    return loadConfig(invocation);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    process.stderr.write(
      `error: the configuration is refused\n${error.faults.map((fault) => `  ${fault}\n`).join('')}`,
    );
    process.exit(1);
  }
}
