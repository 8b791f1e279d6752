import { z } from 'zod';
import { valueAt } from './setting-path.ts';
import { DEFAULTS, settingsSchema } from './settings.ts';

/** One setting as the JSON schema describes it. Without a `type` it may be text or a number. */
export interface SettingDescription {
  readonly path: readonly string[];
  readonly type?: 'string' | 'integer' | 'boolean' | 'array';
  readonly description: string;
  readonly default?: unknown;
  readonly enum?: readonly string[];
}

type Node = Omit<SettingDescription, 'path' | 'type'> & {
  readonly type?: string;
  readonly properties?: Readonly<Record<string, Node>>;
};

/** JSON schema (2020-12) of the configuration file, for editors and other validators. */
export const configJsonSchema: object = withDefaults(z.toJSONSchema(settingsSchema, { io: 'input' }) as Node, []);

/** The text that is published under deploy/. */
export const configSchemaText = (): string => `${JSON.stringify(configJsonSchema, null, 2)}\n`;

/** Every single setting, in the order of the schema. */
export const settingDescriptions: readonly SettingDescription[] = [...describe(configJsonSchema as Node, [])];

/** zod leaves out the defaults of values that it transforms. */
function withDefaults(node: Node, path: readonly string[]): Node {
  if (node.properties === undefined) {
    const standard = valueAt(DEFAULTS, path);
    return standard === undefined ? node : { ...node, default: standard };
  }
  const children = Object.entries(node.properties).map(([name, child]) => [name, withDefaults(child, [...path, name])]);
  return { ...node, properties: Object.fromEntries(children) };
}

function* describe(node: Node, path: readonly string[]): Generator<SettingDescription> {
  for (const [name, child] of Object.entries(node.properties ?? {})) {
    const place = [...path, name];
    if (child.properties !== undefined) yield* describe(child, place);
    else yield { ...(child as SettingDescription), path: place };
  }
}
