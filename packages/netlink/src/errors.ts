import { constants } from 'node:os';
import { getSystemErrorMessage, getSystemErrorName } from 'node:util';

export type ConntrackOperation = 'open' | 'dump' | 'stats';

/**
 * - `permission`: CAP_NET_ADMIN in the network namespace is missing
 * - `unsupported`: the kernel has no conntrack, or none over netlink
 * - `busy`: a dump is running on this source already
 * - `timeout`: the kernel did not finish the answer in time
 * - `closed`: the source was closed, before or during the operation
 * - `protocol`: the answer is not what netlink promises
 * - `system`: any other errno, see `errno` and `cause`
 */
export type ConntrackErrorCode = 'permission' | 'unsupported' | 'busy' | 'timeout' | 'closed' | 'protocol' | 'system';

export class ConntrackError extends Error {
  override readonly name = 'ConntrackError';
  readonly operation: ConntrackOperation;
  readonly code: ConntrackErrorCode;
  /** Positive, when the kernel gave one. */
  readonly errno: number | undefined;

  constructor(
    operation: ConntrackOperation,
    code: ConntrackErrorCode,
    message: string,
    { errno, cause }: { errno?: number; cause?: unknown } = {},
  ) {
    super(`conntrack ${operation}: ${message}`, { cause });
    this.operation = operation;
    this.code = code;
    this.errno = errno;
  }
}

const { EPERM, EACCES, ENOENT, EOPNOTSUPP, EPROTONOSUPPORT, EAFNOSUPPORT, EINVAL } = constants.errno;
/** EINVAL is what nfnetlink answers for a subsystem whose module is not there. */
const codes = new Map<number, ConntrackErrorCode>([
  [EPERM, 'permission'],
  [EACCES, 'permission'],
  [ENOENT, 'unsupported'],
  [EOPNOTSUPP, 'unsupported'],
  [EPROTONOSUPPORT, 'unsupported'],
  [EAFNOSUPPORT, 'unsupported'],
  [EINVAL, 'unsupported'],
]);

/** The error for an errno of the kernel (positive), from a message or from a failed call. */
export function errnoError(operation: ConntrackOperation, errno: number, cause?: unknown): ConntrackError {
  const message = `${getSystemErrorMessage(-errno)} (${getSystemErrorName(-errno)})`;
  return new ConntrackError(operation, codes.get(errno) ?? 'system', message, { errno, cause });
}

/** The error for what a call threw: with the errno it carries, else as it is. */
export function causedError(operation: ConntrackOperation, cause: unknown): ConntrackError {
  const errno = cause instanceof Error && 'errno' in cause ? Number(cause.errno) : 0;
  if (errno !== 0) return errnoError(operation, Math.abs(errno), cause);
  return new ConntrackError(operation, 'system', cause instanceof Error ? cause.message : String(cause), { cause });
}
