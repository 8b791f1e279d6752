import { ConfigError } from './agent-config.ts';
import { type Invocation, parseCommandLine } from './command-line.ts';
import { configSchemaText } from './json-schema.ts';
import { type LoadedConfig, loadConfig } from './load.ts';
import { effectiveConfigText } from './report.ts';

export interface Start {
  readonly command: 'run' | 'init' | 'cleanup' | 'doctor';
  /** For `watchConfig`. */
  readonly invocation: Invocation;
  readonly loaded: LoadedConfig;
  /** Of the command doctor alone, which goes on with the defaults. */
  readonly faults: readonly string[];
}

/** What to do and with which configuration. Commands that only print, and errors, end the process by themselves. */
export function readConfig(argv: readonly string[], environment: NodeJS.ProcessEnv = process.env): Start {
  const invocation = parseCommandLine(argv, environment);
  const { command } = invocation;
  if (command === 'config-schema') {
    process.stdout.write(configSchemaText());
    process.exit(0);
  }
  if (command === 'doctor') return { command, invocation, ...loadAnyway(invocation) };
  const loaded = loadOrExit(invocation);
  if (command === 'check-config') {
    process.stdout.write(effectiveConfigText(loaded));
    process.exit(0);
  }
  return { command, invocation, loaded, faults: [] };
}

function loadAnyway(invocation: Invocation): Pick<Start, 'loaded' | 'faults'> {
  try {
    return { loaded: loadConfig(invocation), faults: [] };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const { command, output } = invocation;
    return { loaded: loadConfig({ command, output, flags: {}, environment: {} }), faults: error.faults };
  }
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
