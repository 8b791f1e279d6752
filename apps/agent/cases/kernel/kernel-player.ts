import { execFileSync } from 'node:child_process';
import { type Family, familyOf } from '@kubecity/routing';
import type { Ending } from '../expectation.ts';
import type { Flow, PacketCase } from '../packet-case.ts';
import type { Player } from '../player.ts';
import { interfaceOf, localAddressesOf, memoryOf, type Programming, remembers, staysHere } from '../programming.ts';
import { keyOf } from './connection-events.ts';
import { impossible } from './impossible.ts';
import { Lab } from './lab.ts';
import { OwnRules } from './own-rules.ts';
import type { RuleWriter } from './rule-writer.ts';
import { sctpInit } from './sctp.ts';
import type { Sender } from './sender.ts';

/** A false failure, or a backend too many that stays unseen, shall happen less often than once in a million flows. */
const MOST_ERROR = 1e-6;
/** How long a packet that nothing was heard of is waited for, although one sent later has come through. */
const GRACE_MS = 100;

/** Real packets through a real kernel, in the network namespace of this process. */
export class KernelPlayer implements Player {
  readonly #lab: Lab;
  readonly #rules: RuleWriter;

  private constructor(lab: Lab, rules: RuleWriter) {
    this.#lab = lab;
    this.#rules = rules;
  }

  static async open(rules: RuleWriter = new OwnRules()): Promise<KernelPlayer> {
    return new KernelPlayer(await Lab.open(), rules);
  }

  get name(): string {
    return this.#rules.name;
  }

  async close(): Promise<void> {
    await this.#rules.close();
    await this.#lab.close();
  }

  inexpressible(each: PacketCase, flow: Flow): string | undefined {
    return impossible(each, flow);
  }

  async enter(each: PacketCase, programming: Programming): Promise<string[]> {
    this.#lab.own(each.nodeIPs);
    return this.#rules.write(each, programming);
  }

  async play(each: PacketCase, programming: Programming, flow: Flow): Promise<Ending[]> {
    this.#lab.own(localAddressesOf(each, flow));
    const sender =
      flow.from.kind === 'node' ? this.#lab.node : await this.#lab.client(interfaceOf(each, flow), flow.from.ip);
    const tries = triesFor(flow.expect.backends.length);
    const endings = await this.#try(sender, programming, flow, tries);
    if (!staysHere(each, flow) || endings.some(({ kind }) => kind !== 'none')) return endings;
    const kind = await this.#behindInput(sender, flow);
    return endings.map((ending) => ({ ...ending, kind }));
  }

  async leave(): Promise<void> {
    this.#lab.clear();
  }

  /** Where session affinity remembers, each packet has to find the memory that the flow says, not that of the last one. */
  async #try(sender: Sender, programming: Programming, flow: Flow, tries: number): Promise<Ending[]> {
    if (!remembers(programming, flow)) return this.#send(sender, flow, tries);
    const memory = memoryOf(programming, flow);
    const endings: Ending[] = [];
    for (let i = 0; i < tries; i++) {
      await this.#rules.remember(memory);
      endings.push(...(await this.#send(sender, flow, 1)));
    }
    return endings;
  }

  async #send(sender: Sender, flow: Flow, count: number): Promise<Ending[]> {
    const keys = await this.#packets(sender, flow, count);
    return keys.map((key) => {
      const connection = this.#lab.events.get(key);
      if (connection) return { kind: connection.to === undefined ? 'none' : 'dnat', ...connection };
      return { kind: sender.isRefused(key) ? 'reject' : 'drop', masquerade: false };
    });
  }

  /** Sends first packets of fresh connections and waits for what can be heard of them; returns their keys. */
  async #packets(sender: Sender, { from, to }: Flow, count: number): Promise<string[]> {
    const protocol = to.proto.toLowerCase();
    const ports = Array.from({ length: count }, () => this.#lab.freshPort());
    const commands = ports.map((sport) =>
      protocol === 'sctp'
        ? `sctp ${from.ip} ${to.ip} ${Buffer.from(sctpInit(sport, to.port)).toString('hex')}`
        : `${protocol} ${from.ip} ${sport} ${to.ip} ${to.port}`,
    );
    await this.#lab.send(sender, commands);
    const keys = ports.map((sport) => keyOf(protocol, from.ip, sport, to.ip, to.port));
    const silent = keys.filter((key) => !this.#lab.events.get(key) && !sender.isRefused(key));
    if (silent.length > 0) {
      await Promise.all(silent.map((key) => this.#lab.events.came(key, GRACE_MS)));
      await this.#lab.send(sender, []);
    }
    return keys;
  }

  /**
   * What INPUT makes of a packet that no rule rewrote, told with its policy on DROP. A client's packet that still comes in is
   * accepted by a rule. One of the node to itself counts as a connection before INPUT is asked; that it is refused without
   * any help of the protocols behind INPUT is the work of a rule.
   */
  async #behindInput(sender: Sender, flow: Flow): Promise<Ending['kind']> {
    const family = familyOf(flow.to.ip);
    setInputPolicy(family, 'DROP');
    try {
      const [key = ''] = await this.#packets(sender, flow, 1);
      if (flow.from.kind === 'node') return sender.isRefused(key) ? 'reject' : 'none';
      return this.#lab.events.get(key) ? 'accept' : 'none';
    } finally {
      setInputPolicy(family, 'ACCEPT');
    }
  }
}

function setInputPolicy(family: Family, policy: 'ACCEPT' | 'DROP'): void {
  execFileSync(family === 'IPv4' ? 'iptables' : 'ip6tables', ['-w', '5', '-P', 'INPUT', policy]);
}

/**
 * So many packets that each of `expected` equally likely backends is seen, and one more if there is one, but for a chance
 * of `MOST_ERROR`: (n + 1) · (n / (n + 1))^tries.
 */
export function triesFor(expected: number): number {
  if (expected === 0) return 2;
  const all = expected + 1;
  return Math.ceil(Math.log(MOST_ERROR / all) / Math.log(expected / all));
}
