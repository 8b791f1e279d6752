import { ipv4Text } from '@kubecity/routing';

/** Every kernel object of ours starts with this, and nothing that starts otherwise is ever touched. */
export const OUR_PREFIX = 'CITY-';
export const SERVICES_CHAIN = 'CITY-SERVICES';
export const POSTROUTING_CHAIN = 'CITY-POSTROUTING';
export const REFUSE_CHAIN = 'CITY-REFUSE';

/** XT_EXTENSION_MAXNAMELEN is 29 with the terminating zero. */
const MAX_LENGTH = 28;
const HASH_LENGTH = 10;

/**
 * Chain of one service port: `CITY-S-` 7 + hash 10 + `-` 1 + up to 10 readable characters = 28. The hash over the whole
 * key makes it unique, the name behind it is for people; equal keys give equal names on every node and after restarts.
 */
export function servicePortChain(key: string): string {
  const readable = key.slice(key.indexOf('/') + 1).replace(/[^a-zA-Z0-9.-]+/g, '.');
  return `CITY-S-${hash(key)}-${readable}`.slice(0, MAX_LENGTH).replace(/[.-]+$/, '');
}

/** Chain of one branch of the address tree: `CITY-T-10.96.16.0-20`, at most 7 + 15 + 3 characters. */
export function branchChain(base: number, bits: number): string {
  return `CITY-T-${ipv4Text(base)}-${bits}`;
}

/**
 * 50 bits in base 32. Two FNV-1a style 32-bit lanes with a murmur finish: pure, stable, and wide enough that 10,000
 * service ports collide with a chance below 1 in 20 million (and then only if the readable parts are equal too).
 */
export function hash(text: string): string {
  let a = 0x811c9dc5;
  let b = 0x9747b28c;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    a = Math.imul(a ^ code, 0x01000193);
    b = Math.imul(b ^ code, 0x5bd1e995);
    b ^= b >>> 15;
  }
  const bits = (BigInt(finish(a ^ b)) << 32n) | BigInt(finish(b));
  let rest = bits;
  let out = '';
  for (let i = 0; i < HASH_LENGTH; i++) {
    out += 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'[Number(rest & 31n)];
    rest >>= 5n;
  }
  return out;
}

function finish(lane: number): number {
  let h = lane;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}
