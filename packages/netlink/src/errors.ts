import { constants } from 'node:os';
import { getSystemErrorMessage, getSystemErrorName } from 'node:util';

/** What is behind the netlink socket that an error is about. */
export type NetlinkSubject = 'conntrack' | 'nf_tables' | 'routes';

/**
 * - `permission`: CAP_NET_ADMIN in the network namespace is missing
 * - `unsupported`: the kernel does not have the subject, or not over netlink
 * - `busy`: another operation is running that excludes this one
 * - `interrupted`: what was read changed meanwhile, each time it was read
 * - `timeout`: the kernel did not finish the answer in time
 * - `closed`: the door was closed, before or during the operation
 * - `protocol`: the answer is not what netlink promises
 * - `system`: any other errno, see `errno` and `cause`
 */
export type NetlinkErrorCode =
  | 'permission'
  | 'unsupported'
  | 'busy'
  | 'interrupted'
  | 'timeout'
  | 'closed'
  | 'protocol'
  | 'system';

export class NetlinkError extends Error {
  override readonly name = 'NetlinkError';
  readonly subject: NetlinkSubject;
  readonly operation: string;
  readonly code: NetlinkErrorCode;
  /** Positive, when the kernel gave one. */
  readonly errno: number | undefined;

  constructor(
    subject: NetlinkSubject,
    operation: string,
    code: NetlinkErrorCode,
    message: string,
    { errno, cause }: { errno?: number; cause?: unknown } = {},
  ) {
    super(`${subject} ${operation}: ${message}`, { cause });
    this.subject = subject;
    this.operation = operation;
    this.code = code;
    this.errno = errno;
  }
}

const { EPERM, EACCES, ENOENT, EOPNOTSUPP, EPROTONOSUPPORT, EAFNOSUPPORT, EINVAL } = constants.errno;
const anywhere: readonly (readonly [number, NetlinkErrorCode])[] = [
  [EPERM, 'permission'],
  [EACCES, 'permission'],
  [EOPNOTSUPP, 'unsupported'],
  [EPROTONOSUPPORT, 'unsupported'],
  [EAFNOSUPPORT, 'unsupported'],
];
type Codes = ReadonlyMap<number, NetlinkErrorCode>;
/** EINVAL is what nfnetlink answers for a subsystem whose module is not there. */
const netfilterCodes: Codes = new Map([...anywhere, [ENOENT, 'unsupported'], [EINVAL, 'unsupported']]);
const routeCodes: Codes = new Map(anywhere);

/** Builds the errors of one door; `Operation` is the closed list of what it does, besides `open`. */
export class NetlinkErrors<Operation extends string> {
  readonly #subject: NetlinkSubject;
  readonly #codes: Codes;

  constructor(subject: NetlinkSubject, codes: Codes) {
    this.#subject = subject;
    this.#codes = codes;
  }

  of(operation: Operation | 'open', code: NetlinkErrorCode, message: string): NetlinkError {
    return new NetlinkError(this.#subject, operation, code, message);
  }

  closed(operation: Operation): NetlinkError {
    return this.of(operation, 'closed', 'it is closed');
  }

  /** The error for an errno of the kernel (positive), from a message or from a failed call. */
  errno(operation: Operation | 'open', errno: number, cause?: unknown): NetlinkError {
    const message = `${getSystemErrorMessage(-errno)} (${getSystemErrorName(-errno)})`;
    return new NetlinkError(this.#subject, operation, this.#codes.get(errno) ?? 'system', message, { errno, cause });
  }

  /** The error for what a call threw: with the errno it carries, else as it is. */
  caused(operation: Operation | 'open', cause: unknown): NetlinkError {
    const errno = cause instanceof Error && 'errno' in cause ? Number(cause.errno) : 0;
    if (errno !== 0) return this.errno(operation, Math.abs(errno), cause);
    const message = cause instanceof Error ? cause.message : String(cause);
    return new NetlinkError(this.#subject, operation, 'system', message, { cause });
  }
}

export type ConntrackOperation = 'dump' | 'stats' | 'delete' | 'get';
export const conntrackErrors = new NetlinkErrors<ConntrackOperation>('conntrack', netfilterCodes);
export const nftablesErrors = new NetlinkErrors<'read'>('nf_tables', netfilterCodes);
export type RouteOperation = 'read' | 'lookUp' | 'write';
export const routeErrors = new NetlinkErrors<RouteOperation>('routes', routeCodes);
