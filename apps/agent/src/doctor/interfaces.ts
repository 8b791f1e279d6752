import { access, readFile } from 'node:fs/promises';

/** Names of all network interfaces here. /sys may show another network than ours; /proc/self never does. */
export async function interfaceNames(): Promise<string[]> {
  const text = await readFile('/proc/self/net/dev', 'utf8');
  return [...text.matchAll(/^\s*([^\s:|]+):/gm)].map(([, name]) => name as string);
}

export const isBridge = (name: string): Promise<boolean> =>
  access(`/sys/class/net/${name}/bridge`).then(
    () => true,
    () => false,
  );
