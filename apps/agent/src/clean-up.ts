import {
  type Flavour,
  type Ipset,
  installedIptables,
  iptables,
  type Netfilter,
  NetfilterError,
  openDoors,
} from '@kubecity/netfilter';
import type { Family } from '@kubecity/routing';
import type { Owner } from '@kubecity/ruleset';
import type { Logger } from 'pino';
import { familiesHere } from './host/families.ts';
import { openSysctls } from './host/sysctl.ts';
import { removeChains, removeRules } from './rules/cleanup.ts';

/**
 * The command `cleanup`: leaves this network namespace as if no agent had ever been here, sysctls excepted.
 * @param owner takes away what is of this one of us only
 */
export async function cleanUp(log: Logger, owner?: Owner): Promise<void> {
  const families = await familiesHere(openSysctls(), iptables({ family: 'IPv6' }), log);
  const tables: Netfilter[] = [];
  // An agent of another setting may have written the tables that this one would not.
  for (const { flavour, suffix } of await installedIptables()) {
    if (await inKernel(iptables({ suffix }))) tables.push(...openDoors({ families, suffix }).rules.values());
    else log.info({ flavour }, 'this kernel has no tables of this flavour');
  }
  log.info({ ...(await removeRules(tables, openDoors({ families }).sets, owner)), owner }, 'rules and sets removed');
}

/** Takes away what isolation has enforced through these doors. */
export async function removeIsolation(doors: readonly Netfilter[], ipset: Ipset, log: Logger): Promise<void> {
  const removed = await removeRules(doors, ipset, 'isolation');
  if (removed.chains + removed.sets > 0) log.info(removed, 'NetworkPolicies are not enforced here any more');
}

/**
 * Takes away what an agent of another setting wrote into the other flavour's tables: packets pass both, and what nobody looks after
 * there would go on choosing backends.
 */
export class OtherFlavour {
  readonly #own: Flavour;
  readonly #families: readonly Family[];
  readonly #owner: Owner;
  readonly #log: Logger;
  #isClear = false;

  constructor(own: Flavour, families: readonly Family[], owner: Owner, log: Logger) {
    this.#own = own;
    this.#owner = owner;
    this.#families = families;
    this.#log = log;
  }

  /** To be called when the own tables are whole; again after a failure, which is told. Never rejects. */
  async once(): Promise<void> {
    if (this.#isClear) return;
    this.#isClear = true;
    try {
      await this.#clear();
    } catch (err) {
      this.#isClear = false;
      this.#log.warn({ err }, 'what a former agent left in other tables cannot be removed');
    }
  }

  async #clear(): Promise<void> {
    for (const { flavour, suffix } of await installedIptables()) {
      if (flavour === this.#own || !(await inKernel(iptables({ suffix })))) continue;
      const chains = await removeChains(
        this.#families.map((family) => iptables({ family, suffix })),
        this.#owner,
      );
      if (chains > 0)
        this.#log.warn({ flavour, chains }, 'rules of a former agent were in tables of this flavour; removed');
    }
  }
}

async function inKernel(door: Netfilter): Promise<boolean> {
  try {
    await door.save();
    return true;
  } catch (error) {
    if (error instanceof NetfilterError && error.code === 'refused') return false;
    throw error;
  }
}
