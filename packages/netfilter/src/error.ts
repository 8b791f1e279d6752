import { type RestoreText, wholeText } from './restore-text.ts';

export type NetfilterCode =
  /** The tool is not installed. */
  | 'missing-tool'
  /** CAP_NET_ADMIN in this network namespace is not ours. */
  | 'permission'
  /** Another program held the xtables lock for too long. */
  | 'busy'
  /** The tool or the kernel refused the text. */
  | 'refused'
  /** The chain that was asked for is not there, or of nft the table, map or element. */
  | 'missing-chain'
  /** The tool did not end in time and was killed. */
  | 'timeout';

/** A failed call of an iptables, ipset or nft tool: what was done, why it failed, and the line it failed at where the tool names one. */
export class NetfilterError extends Error {
  override readonly name = 'NetfilterError';
  readonly operation: string;
  readonly code: NetfilterCode;
  readonly line: string | undefined;

  constructor(
    operation: string,
    code: NetfilterCode,
    detail: string,
    options: { line?: string; cause?: unknown } = {},
  ) {
    super(`${operation}: ${detail}${options.line ? ` (at: ${options.line})` : ''}`, { cause: options.cause });
    this.operation = operation;
    this.code = code;
    this.line = options.line;
  }
}

export interface Exit {
  readonly operation: string;
  /** null when a signal ended it */
  readonly status: number | null;
  readonly stderr: string;
  readonly input: RestoreText;
  readonly cause?: unknown;
}

/**
 * The one place that turns an exit of an iptables, ipset or nft tool into an error.
 * Exit codes: iptables(8) RESOURCE_PROBLEM = 4 is the lock; 3 is a kernel that is too old; 2 a bad parameter.
 */
export function errorOf({ operation, status, stderr, input, cause }: Exit): NetfilterError {
  const detail = stderr.trim().split('\n').slice(0, 3).join(' / ') || `exit status ${status}`;
  if ((cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') {
    return new NetfilterError(
      operation,
      'missing-tool',
      `the program is not installed (Debian: apt-get install ${packageOf(operation)})`,
      { cause },
    );
  }
  if (status === null) return new NetfilterError(operation, 'timeout', detail, { cause });
  if (status === 4 && /lock/i.test(stderr)) return new NetfilterError(operation, 'busy', detail, { cause });
  if (/Permission denied|Operation not permitted|you must be root/i.test(stderr)) {
    return new NetfilterError(operation, 'permission', `${detail} (CAP_NET_ADMIN is needed)`, { cause });
  }
  if (
    /No chain\/target\/match by that name|does(n't| not) exist|is incompatible, use 'nft'/i.test(stderr) &&
    / -S /.test(operation)
  ) {
    return new NetfilterError(operation, 'missing-chain', detail, { cause });
  }
  if (/No such file or directory/.test(stderr) && /^nft .*\b(list|get) /.test(operation)) {
    return new NetfilterError(operation, 'missing-chain', detail, { cause });
  }
  const line = failingLine(stderr, input);
  return new NetfilterError(operation, 'refused', detail, { cause, ...(line !== undefined && { line }) });
}

function packageOf(operation: string): string {
  if (operation.startsWith('nft')) return 'nftables';
  return operation.startsWith('ipset') ? 'ipset' : 'iptables';
}

/**
 * iptables-restore says "line 12 failed" or "Error occurred at line: 12"; ipset says "Error in line 12"; nft says
 * "/dev/stdin:12:5-9: Error".
 */
function failingLine(stderr: string, input: RestoreText): string | undefined {
  const number = /(?:line:? |^[^\s:]+:)(\d+)(?![^\s:])/m.exec(stderr)?.[1];
  return number === undefined ? undefined : wholeText(input).split('\n')[Number(number) - 1];
}
