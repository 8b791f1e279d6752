/**
 * iptables rules as values. They are rendered last, and always in the words iptables-save prints (iptables 1.8.9), so
 * that what was written and what is read back compare as equal text.
 */
export type Table = 'nat' | 'filter';
export type Proto = 'tcp' | 'udp' | 'sctp';

export type Match =
  | { readonly kind: 'source'; readonly cidr: string; readonly not: boolean }
  | { readonly kind: 'destination'; readonly cidr: string }
  | { readonly kind: 'protocol'; readonly protocol: Proto }
  | { readonly kind: 'destinationPort'; readonly protocol: Proto; readonly port: number }
  | { readonly kind: 'comment'; readonly text: string }
  /** Matches with probability `of2to31 / 2^31`, the resolution of xt_statistic. */
  | { readonly kind: 'probability'; readonly of2to31: number }
  | { readonly kind: 'mark'; readonly mask: number; readonly set: boolean }
  | { readonly kind: 'state'; readonly state: 'NEW' | 'DNAT' }
  /** Source address equals destination address: a pod that was sent to itself. */
  | { readonly kind: 'hairpin' };

export type Target =
  | { readonly kind: 'jump' | 'goto'; readonly chain: string }
  | { readonly kind: 'dnat'; readonly to: string }
  | { readonly kind: 'setMark'; readonly mask: number }
  | { readonly kind: 'clearMark'; readonly mask: number }
  | { readonly kind: 'masquerade' }
  | { readonly kind: 'reject' }
  | { readonly kind: 'drop' }
  | { readonly kind: 'return' };

export interface Rule {
  readonly matches: readonly Match[];
  readonly target: Target;
}

/** Classic BPF over the IPv4 header: load source, keep it, load destination, compare. One rule serves every pod. */
const HAIRPIN_BYTECODE = '6,32 0 0 12,7 0 0 0,32 0 0 16,29 0 1 0,6 0 0 65535,6 0 0 0';

export function renderRule(rule: Rule): string {
  return [...rule.matches.map(renderMatch), renderTarget(rule.target)].join(' ');
}

function renderMatch(match: Match): string {
  switch (match.kind) {
    case 'source':
      return `${match.not ? '! ' : ''}-s ${match.cidr}`;
    case 'destination':
      return `-d ${match.cidr}`;
    case 'protocol':
      return `-p ${match.protocol}`;
    case 'destinationPort':
      return `-m ${match.protocol} --dport ${match.port}`;
    case 'comment':
      return `-m comment --comment ${JSON.stringify(match.text)}`;
    case 'probability':
      return `-m statistic --mode random --probability ${(match.of2to31 / 2 ** 31).toFixed(11)}`;
    case 'mark':
      return `-m mark ${match.set ? '' : '! '}--mark ${hex(match.mask)}/${hex(match.mask)}`;
    case 'state':
      return `-m conntrack --ctstate ${match.state}`;
    case 'hairpin':
      return `-m bpf --bytecode "${HAIRPIN_BYTECODE}"`;
  }
}

function renderTarget(target: Target): string {
  switch (target.kind) {
    case 'jump':
      return `-j ${target.chain}`;
    case 'goto':
      return `-g ${target.chain}`;
    case 'dnat':
      return `-j DNAT --to-destination ${target.to}`;
    case 'setMark':
      return `-j MARK --set-xmark ${hex(target.mask)}/${hex(target.mask)}`;
    case 'clearMark':
      return `-j MARK --set-xmark 0x0/${hex(target.mask)}`;
    case 'masquerade':
      return '-j MASQUERADE --random-fully';
    case 'reject':
      return '-j REJECT --reject-with icmp-port-unreachable';
    case 'drop':
      return '-j DROP';
    case 'return':
      return '-j RETURN';
  }
}

function hex(value: number): string {
  return `0x${value.toString(16)}`;
}
