import type { z } from 'zod';
import { ConfigError } from './agent-config.ts';
import { leaves, pathText, type SettingPath, setAt, valueAt } from './setting-path.ts';
import { type Settings, settingsSchema } from './settings.ts';

/** One source of settings. */
export interface Layer {
  readonly settings: Settings;
  /** In words, for messages: `/etc/kubecity.yaml: clusterCIDR[1]`, `--cluster-cidr`. */
  readonly where: (path: SettingPath) => string;
}

export interface Merged {
  readonly settings: Settings;
  /** `conntrack.min` → where its value is from. */
  readonly origins: ReadonlyMap<string, string>;
}

/** Checks what one source says. @throws ConfigError with every fault of it */
export function layer(raw: unknown, where: Layer['where']): Layer {
  const parsed = settingsSchema.safeParse(raw);
  if (parsed.success) return { settings: parsed.data, where };
  throw new ConfigError(faultsOf(parsed.error, raw, where));
}

export function faultsOf(error: z.ZodError, raw: unknown, where: Layer['where']): string[] {
  return error.issues.flatMap((issue) => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => `${where([...issue.path, key])}: there is no such setting`);
    }
    return [`${where(issue.path)}: ${shown(valueAt(raw, issue.path))}: ${issue.message}`];
  });
}

/** Later layers win, setting by setting; lists are replaced as a whole. */
export function merge(layers: readonly Layer[]): Merged {
  const settings = {};
  const origins = new Map<string, string>();
  for (const { settings: given, where } of layers) {
    for (const { path, value } of leaves(given)) {
      setAt(settings, path, value);
      origins.set(pathText(path), where(path));
    }
  }
  return { settings, origins };
}

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length <= 80 ? text : `${text.slice(0, 80)}…`;
}
