import { readFile } from 'node:fs/promises';
import { type Memory, parseMemories, REFUSAL_DIRECTORY, REFUSAL_TABLES } from '@kubecity/isolation';
import type { Family } from '@kubecity/routing';

/** Who was refused within the last seconds, as the kernel remembers it. */
export interface RefusalMemory {
  read(): Promise<readonly Remembered[]>;
}

export interface Remembered extends Memory {
  readonly protocol: keyof typeof REFUSAL_TABLES;
}

/** Six small files of the network namespace this process is in; one that is not there remembers nobody. */
export function openRefusalMemory(families: readonly Family[]): RefusalMemory {
  const tables = Object.entries(REFUSAL_TABLES) as [Remembered['protocol'], string][];
  const files = families.flatMap((family) =>
    tables.map(([protocol, table]) => ({ protocol, path: `/proc/net/${REFUSAL_DIRECTORY[family]}/${table}` })),
  );
  return {
    read: async () => {
      const found = await Promise.all(
        files.map(async ({ protocol, path }) =>
          parseMemories(await textOf(path)).map((memory): Remembered => ({ ...memory, protocol })),
        ),
      );
      return found.flat();
    },
  };
}

async function textOf(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    // No rule asks for it at present.
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return '';
    throw error;
  }
}
