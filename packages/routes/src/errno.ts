/** Refusals that rtnetlink answers with, from `asm-generic/errno-base.h` and `errno.h`: alike on every Linux that Node runs on. */
export const ERRNO = {
  EPERM: 1,
  ENOENT: 2,
  ESRCH: 3,
  EIO: 5,
  EAGAIN: 11,
  ENOMEM: 12,
  EACCES: 13,
  EBUSY: 16,
  EEXIST: 17,
  ENODEV: 19,
  EINVAL: 22,
  ENOSPC: 28,
  ERANGE: 34,
  EOPNOTSUPP: 95,
  EAFNOSUPPORT: 97,
  EADDRINUSE: 98,
  EADDRNOTAVAIL: 99,
  ENETDOWN: 100,
  ENETUNREACH: 101,
  ENOBUFS: 105,
  ENOTCONN: 107,
  EHOSTUNREACH: 113,
} as const;

const names = new Map<number, string>(Object.entries(ERRNO).map(([name, number]) => [number, name]));

/** @param errno positive */
export function errnoName(errno: number): string {
  return names.get(errno) ?? `errno ${errno}`;
}
