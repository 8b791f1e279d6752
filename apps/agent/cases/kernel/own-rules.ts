import { openDoors } from '@kubecity/netfilter';
import { Compiler, type Front } from '@kubecity/ruleset';
import { removeRules } from '../../src/rules/cleanup.ts';
import { RuleSync } from '../../src/rules/rule-sync.ts';
import type { PacketCase } from '../packet-case.ts';
import { FAMILIES, type Programming, type Remembered } from '../programming.ts';
import { routeLoopback } from './lab.ts';
import type { RuleWriter } from './rule-writer.ts';

/** The rules of our agent, written by the very code that it runs. */
export class OwnRules implements RuleWriter {
  readonly name = 'kernel';
  readonly #doors;
  #sets: string[] = [];

  /** @param front where the chains stand that choose a backend */
  constructor(front: Front = 'iptables') {
    this.#doors = openDoors({ families: FAMILIES, front: () => front });
  }

  async write(_each: PacketCase, { table, options, rulesets }: Programming): Promise<string[]> {
    routeLoopback(options.IPv4.localhostNodePorts);
    this.#sets = FAMILIES.flatMap((family) => [...rulesets[family].sets]);
    const remarks: string[] = [];
    for (const [family, netfilter] of this.#doors.rules) {
      const sync = new RuleSync({ compiler: new Compiler(options[family]), netfilter, ipset: this.#doors.sets });
      const { isolated } = await sync.sync(table.servicePorts, new Set(table.servicePorts.keys()));
      remarks.push(...isolated.map(({ port, reason }) => `the kernel refuses ${port.id}: ${reason}`));
    }
    return remarks;
  }

  async remember(clients: readonly Remembered[]): Promise<void> {
    const lines = clients.map(({ set, client, secondsLeft }) => `add ${set} ${client} timeout ${secondsLeft}\n`);
    await this.#doors.sets.restore([...this.#sets.map((set) => `flush ${set}\n`), ...lines].join(''));
  }

  async close(): Promise<void> {
    await removeRules([...this.#doors.rules.values()], this.#doors.sets);
  }
}
