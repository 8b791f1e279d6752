import { existsSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';

/** Kernel settings of this process's network namespace. Names are paths below /proc/sys: `net/ipv4/ip_forward`. */
export interface Sysctls {
  /** The value, trimmed. Rejects with SysctlError. */
  read(name: string): Promise<string>;
  /** Makes it so. Writes only when it is not, so that a read-only /proc/sys with the right values is fine. */
  ensure(name: string, value: number | string): Promise<'same' | 'written'>;
}

/**
 * - `absent`: this kernel does not have it, or its module is not loaded
 * - `readOnly`: it can be read but not written from here; the message says what to do
 * - `refused`: the kernel does not take the value
 * - `system`: anything else, see `cause`
 */
export type SysctlErrorCode = 'absent' | 'readOnly' | 'refused' | 'system';

export class SysctlError extends Error {
  override readonly name = 'SysctlError';
  /** Name of the setting. */
  readonly setting: string;
  readonly code: SysctlErrorCode;

  constructor(setting: string, code: SysctlErrorCode, message: string, cause?: unknown) {
    super(`${setting}: ${message}`, { cause });
    this.setting = setting;
    this.code = code;
  }
}

/**
 * Where a Pod finds the host's /proc/sys/net (deploy/base/agent.yaml): that of a container cannot be written, this can by who has
 * NET_ADMIN. Every setting of ours is one of the network's.
 */
const OF_THE_HOST = '/host/proc/sys';

/** Settings as files below `root`, one value each. Module parameters in /sys work the same way. */
export function openSysctls(root = existsSync(`${OF_THE_HOST}/net`) ? OF_THE_HOST : '/proc/sys'): Sysctls {
  const fileOf = (name: string) => `${root}/${name}`;

  async function read(name: string): Promise<string> {
    try {
      return (await readFile(fileOf(name), 'utf8')).trim();
    } catch (cause) {
      throw readingError(name, fileOf(name), cause);
    }
  }

  async function ensure(name: string, value: number | string): Promise<'same' | 'written'> {
    const found = await read(name);
    if (found === String(value)) return 'same';
    try {
      await writeFile(fileOf(name), String(value));
    } catch (cause) {
      throw writingError({ name, file: fileOf(name), found, value }, cause);
    }
    return 'written';
  }

  return { read, ensure };
}

function readingError(name: string, file: string, cause: unknown): SysctlError {
  if (codeOf(cause) === 'ENOENT') {
    return new SysctlError(
      name,
      'absent',
      `there is no ${file}: not in this kernel, or its module is not loaded`,
      cause,
    );
  }
  return new SysctlError(name, 'system', `${file} cannot be read: ${textOf(cause)}`, cause);
}

function writingError(
  { name, file, found, value }: { name: string; file: string; found: string; value: number | string },
  cause: unknown,
): SysctlError {
  const is = `is ${found} and cannot be set to ${value}`;
  switch (codeOf(cause)) {
    case 'EROFS':
    case 'EACCES':
    case 'EPERM':
      return new SysctlError(
        name,
        'readOnly',
        `${is}: ${file} is read-only here, as in a container that is not privileged; set it on the host, or do not ask for it`,
        cause,
      );
    case 'EINVAL':
    case 'ERANGE':
      return new SysctlError(name, 'refused', `${is}: the kernel does not take that value`, cause);
    default:
      return new SysctlError(name, 'system', `${is}: ${textOf(cause)}`, cause);
  }
}

const codeOf = (cause: unknown): unknown => (cause instanceof Error && 'code' in cause ? cause.code : undefined);
const textOf = (cause: unknown): string => (cause instanceof Error ? cause.message : String(cause));
