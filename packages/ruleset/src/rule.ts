import type { Family, ServicePort } from '@kubecity/routing';

/**
 * Words of iptables rules, always as iptables-save prints them (iptables 1.8.9), so that what was written and what is
 * read back compare as equal text. Order within a rule: -s, -d, -i, -p, matches, target.
 */

/** Classic BPF over the IP header: load source, keep it, load destination, compare. One rule serves every pod. */
export const HAIRPIN_BYTECODE: Readonly<Record<Family, string>> = {
  IPv4: '6,32 0 0 12,7 0 0 0,32 0 0 16,29 0 1 0,6 0 0 65535,6 0 0 0',
  IPv6: [
    '18',
    ...[8, 12, 16, 20].flatMap((offset, i) => [
      `32 0 0 ${offset}`,
      '7 0 0 0',
      `32 0 0 ${offset + 16}`,
      // Equal goes on with the next word, different jumps to the last instruction (match nothing).
      `29 0 ${13 - 4 * i} 0`,
    ]),
    '6 0 0 65535',
    '6 0 0 0',
  ].join(','),
};

/** `10.96.0.1` → `10.96.0.1/32` */
export function host(address: string): string {
  return `${address}/${address.includes(':') ? 128 : 32}`;
}

/** `-p tcp -m tcp --dport 80`; `ports` is a number or `first:last`. */
export function toPort(protocol: ServicePort['protocol'], ports: number | string): string {
  const word = protocol.toLowerCase();
  return `-p ${word} -m ${word} --dport ${ports}`;
}

/** For people; nft holds 128 bytes of it, and the longest names of namespace, Service and port are 143. */
export function comment(text: string): string {
  return `-m comment --comment ${JSON.stringify(text.slice(0, 128))}`;
}

/** Matches with this chance; xt_statistic compares 31 random bits, iptables-save prints 11 digits of it. */
export function chance(part: number): string {
  return `-m statistic --mode random --probability ${(Math.round(part * 2 ** 31) / 2 ** 31).toFixed(11)}`;
}

export function dnat(address: string, port: number): string {
  return `-j DNAT --to-destination ${address.includes(':') ? `[${address}]` : address}:${port}`;
}

export function hasMark(mask: number, not = false): string {
  return `-m mark ${not ? '! ' : ''}--mark ${hex(mask)}/${hex(mask)}`;
}

export function setMark(mask: number): string {
  return `-j MARK --set-xmark ${hex(mask)}/${hex(mask)}`;
}

export function clearMark(mask: number): string {
  return `-j MARK --set-xmark 0x0/${hex(mask)}`;
}

export function hairpin(family: Family): string {
  return `-m bpf --bytecode "${HAIRPIN_BYTECODE[family]}"`;
}

export function reject(family: Family): string {
  return `-j REJECT --reject-with ${family === 'IPv4' ? 'icmp-port-unreachable' : 'icmp6-port-unreachable'}`;
}

/** Whoever comes to a door without backends where others' rules follow: ends table nat, so that filter can refuse. */
export const CLOSED = 'CITY-CLOSED';

export const TO_LOCAL = '-m addrtype --dst-type LOCAL';
export const FROM_LOCAL = '-m addrtype --src-type LOCAL';
export const MASQUERADE = '-j MASQUERADE --random-fully';

/** Of TCP: an answer like a closed port's, which no limit on ICMP errors holds back. */
export const RESET = '-p tcp -j REJECT --reject-with tcp-reset';
/** Of TCP: not the first packet of a connection. */
export const MID_STREAM = '-p tcp -m tcp ! --tcp-flags FIN,SYN,RST,ACK SYN';

/** Joins what is there with single spaces. */
export function words(...parts: readonly (string | undefined)[]): string {
  let text = '';
  for (const part of parts) if (part) text = text === '' ? part : `${text} ${part}`;
  return text;
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
