import type { RoutingTable, ServicePort } from '@kubecity/routing';
import { POSTROUTING_CHAIN, REFUSE_CHAIN, SERVICES_CHAIN, servicePortChain } from './names.ts';
import { type Match, type Rule, renderRule } from './rule.ts';
import { type Chain, chainOf, type Jump, type Ruleset } from './ruleset.ts';
import { choices, PROTO, spread } from './spread.ts';
import { addressTree, type Door } from './tree.ts';

export interface CompileOptions {
  /** Pod ranges of the cluster, IPv4: a client outside them is masqueraded. Absent = nobody is. */
  readonly clusterCidr?: string;
  /** The one packet mark bit we use, as a mask. */
  readonly masqueradeMark: number;
}

interface Held {
  readonly port: ServicePort;
  readonly chain: Chain;
}

/** kube-proxy uses bit 14 and the kubelet once used 15; this one is neither. */
export const DEFAULT_MASQUERADE_MARK = 0x2000;

/**
 * Routing table → ruleset. Keeps the compiled chain of every service port whose value did not change (the tracker keeps
 * their identity), so that a change costs its own chain and not the whole table.
 */
export class Compiler {
  readonly #options: CompileOptions;
  #held = new Map<string, Held>();

  constructor(options: CompileOptions) {
    this.#options = options;
  }

  compile(table: RoutingTable): Ruleset {
    const nat = new Map<string, Chain>();
    const doors = new Map<string, Rule[]>();
    const refusals: Rule[] = [];
    const held = new Map<string, Held>();
    for (const port of byKey(table)) {
      if (choices(port).length === 0) {
        refusals.push(refuse(port));
        continue;
      }
      const chain = servicePortChain(port.key);
      const known = this.#held.get(port.key);
      const entry = known?.port === port ? known : { port, chain: chainOf(serviceRules(port, this.#options)) };
      held.set(port.key, entry);
      nat.set(chain, entry.chain);
      const rule: Rule = { matches: door(port), target: { kind: 'goto', chain } };
      doors.set(port.clusterIP, [...(doors.get(port.clusterIP) ?? []), rule]);
    }
    this.#held = held;
    const list: Door[] = [...doors].map(([address, rules]) => ({ address, rules }));
    for (const [chain, rules] of addressTree(SERVICES_CHAIN, list)) nat.set(chain, chainOf(rules));
    nat.set(POSTROUTING_CHAIN, chainOf(postrouting(this.#options.masqueradeMark)));
    return { chains: { nat, filter: new Map([[REFUSE_CHAIN, chainOf(refusals)]]) }, jumps: JUMPS };
  }
}

function byKey(table: RoutingTable): ServicePort[] {
  return [...table.servicePorts.values()].sort((a, b) => (a.key < b.key ? -1 : 1));
}

function door(port: ServicePort): Match[] {
  const protocol = PROTO[port.protocol];
  return [
    { kind: 'destination', cidr: `${port.clusterIP}/32` },
    { kind: 'protocol', protocol },
    { kind: 'destinationPort', protocol, port: port.port },
    { kind: 'comment', text: `${port.namespace}/${port.name}:${port.portName}` },
  ];
}

function serviceRules(port: ServicePort, { clusterCidr, masqueradeMark }: CompileOptions): Rule[] {
  const rules = spread(port);
  if (clusterCidr === undefined) return rules;
  // A client that is not a pod came through this node as a gateway: answers must come back the same way.
  const mark: Rule = {
    matches: [{ kind: 'source', cidr: clusterCidr, not: true }],
    target: { kind: 'setMark', mask: masqueradeMark },
  };
  return [mark, ...rules];
}

/**
 * REJECT where no backend exists anywhere; DROP where only this node has none (`internalTrafficPolicy: Local`), so that
 * a retry may find another way.
 */
function refuse(port: ServicePort): Rule {
  const drop = port.localOnly && port.hasEndpoints && !port.backends.some((backend) => backend.usable);
  return { matches: door(port), target: { kind: drop ? 'drop' : 'reject' } };
}

function postrouting(mask: number): Rule[] {
  return [
    { matches: [{ kind: 'state', state: 'DNAT' }, { kind: 'hairpin' }], target: { kind: 'masquerade' } },
    { matches: [{ kind: 'mark', mask, set: false }], target: { kind: 'return' } },
    // Cleared first: a packet that meets these hooks again (a tunnel) must not be rewritten twice.
    { matches: [], target: { kind: 'clearMark', mask } },
    { matches: [], target: { kind: 'masquerade' } },
  ];
}

const isNew: Match = { kind: 'state', state: 'NEW' };

const JUMPS: readonly Jump[] = [
  jump('nat', 'PREROUTING', SERVICES_CHAIN),
  jump('nat', 'OUTPUT', SERVICES_CHAIN),
  jump('nat', 'POSTROUTING', POSTROUTING_CHAIN),
  jump('filter', 'FORWARD', REFUSE_CHAIN, isNew),
  jump('filter', 'OUTPUT', REFUSE_CHAIN, isNew),
];

function jump(table: Jump['table'], from: string, chain: string, ...matches: Match[]): Jump {
  return { table, from, rule: renderRule({ matches, target: { kind: 'jump', chain } }) };
}
