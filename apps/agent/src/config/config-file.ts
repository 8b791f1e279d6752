import { parseDocument } from 'yaml';
import { ConfigError } from './agent-config.ts';
import { isGroup } from './setting-path.ts';

/** Reads a whole file as text; throws what `readFileSync` throws. */
export type ReadFile = (file: string) => string;

/**
 * The one mapping in a YAML or JSON file (JSON is YAML). An empty file is an empty mapping.
 * @throws ConfigError naming the file
 */
export function readMapping(file: string, readFile: ReadFile): Record<string, unknown> {
  let text: string;
  try {
    text = readFile(file);
  } catch (error) {
    throw new ConfigError([`${file}: ${(error as Error).message}`]);
  }
  return parseMapping(file, text);
}

export function parseMapping(where: string, text: string): Record<string, unknown> {
  const document = parseDocument(text);
  if (document.errors.length > 0)
    throw new ConfigError(document.errors.map(({ message }) => `${where}: ${message.trim()}`));
  const value: unknown = document.toJS() ?? {};
  if (!isGroup(value)) throw new ConfigError([`${where}: not a mapping of settings`]);
  return value;
}
