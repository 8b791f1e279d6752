import {
  type Acknowledgement,
  type CityRecord,
  type EdgeFrame,
  type IsolationReport,
  type RoutesReport,
  type RulesReport,
  type VersionSkew,
  versionSkew,
} from '@kubecity/protocol';
import { VERSION } from './version.ts';

/** An agent from which nothing came for so long is stale. */
export const SILENT_MILLISECONDS = 5000;
/** One whose dumps are rarer, because its table is large, may miss two while it is connected. */
const SILENT_PERIODS = 2.5;
/** Other nodes without a route that are told one by one. */
const MOST_MISSING = 20;

interface Seen {
  version: string;
  connected: boolean;
  /** From one of its dumps to the next, milliseconds. */
  period: number;
  lastFrameAt: number | undefined;
  rules: RulesReport | undefined;
  acknowledged: ReadonlyMap<string, Acknowledgement>;
  /** Since when each override stands in the kernel as it was acknowledged last, by the node's clock. */
  heldSince: ReadonlyMap<string, Held>;
  /** When the last dump that it told as whole began, by the node's clock. */
  dumpedAt: number | undefined;
  /** Dumps that were cut short or failed, by its last frame. */
  lostDumps: number;
  isolation: NodeAgent['isolation'];
  routes: NodeAgent['routes'];
}

type Held = Pick<Acknowledgement, 'generation' | 'state'> & { readonly at: number };

type NodeAgent = CityRecord<'node'>['agent'];

const newcomer = (version: string): Seen => ({
  version,
  connected: true,
  period: 0,
  lastFrameAt: undefined,
  rules: undefined,
  acknowledged: new Map(),
  heldSince: new Map(),
  dumpedAt: undefined,
  lostDumps: 0,
  isolation: undefined,
  routes: undefined,
});

/** Who runs where, when it was last heard, and what it last said of its kernel. Times are Unix ms of the hub's clock. */
export class AgentRoster {
  readonly #seen = new Map<string, Seen>();

  /** What the agent said before its restart stays true of the kernel until it says otherwise. */
  connected(node: string, version: string): void {
    const known = this.#seen.get(node);
    if (known) Object.assign(known, { version, connected: true });
    else this.#seen.set(node, newcomer(version));
  }

  disconnected(node: string): void {
    const seen = this.#seen.get(node);
    if (seen) seen.connected = false;
  }

  /** @param frame its figures are told with the next one, a period from now */
  heardEdges(node: string, now: number, { at, table }: Pick<EdgeFrame, 'at' | 'table'>): void {
    const seen = this.#heard(node, now);
    seen.period = table.periodMilliseconds;
    if (table.lostDumps === seen.lostDumps) seen.dumpedAt = at;
    seen.lostDumps = table.lostDumps;
  }

  heardRules(node: string, now: number, rules: RulesReport): void {
    const seen = this.#heard(node, now);
    seen.rules = rules;
    seen.acknowledged = new Map(rules.acknowledged.map((entry) => [entry.uid, entry]));
    seen.heldSince = heldSince(rules, seen.heldSince);
  }

  heardIsolation(node: string, now: number, report: IsolationReport): void {
    const { state, message, at, policies, rules, ownNode } = report;
    const isolation = { state, message, at, policies: policies.length, rules, ...(ownNode && { ownNode }) };
    this.#heard(node, now).isolation = isolation;
  }

  heardRoutes(node: string, now: number, report: RoutesReport): void {
    const { peers, ...said } = report;
    const missing = peers.filter(({ via }) => via === 'none').slice(0, MOST_MISSING);
    this.#heard(node, now).routes = { ...said, missing };
  }

  #heard(node: string, now: number): Seen {
    const seen = this.#seen.get(node);
    if (!seen) throw new Error(`agent of ${node} is heard before it connected`);
    seen.lastFrameAt = now;
    return seen;
  }

  /** The node is gone from the cluster; its agent may still be connected, and is then as good as new. */
  forgetNode(node: string): void {
    const seen = this.#seen.get(node);
    if (seen) this.#seen.set(node, { ...newcomer(seen.version), connected: seen.connected });
  }

  /** Undefined too while the node's kernel is not what it wishes. */
  acknowledgementOf(node: string, uid: string): Acknowledgement | undefined {
    const seen = this.#seen.get(node);
    return seen?.rules?.inSync ? seen.acknowledged.get(uid) : undefined;
  }

  /**
   * Whether the node's figures are of a whole dump that began when its kernel held this override: what was opened before that is in
   * them, and nothing was after. Both times are the node's.
   */
  hasCountedSince(node: string, uid: string): boolean {
    const seen = this.#seen.get(node);
    const since = seen?.heldSince.get(uid)?.at;
    return since !== undefined && seen?.dumpedAt !== undefined && seen.dumpedAt >= since;
  }

  /** Its agent writes no rules, by its last word. */
  observes(node: string): boolean {
    return this.#seen.get(node)?.rules?.mode === 'observe';
  }

  /** Whether the node's kernel, read back, holds this override no more. */
  isRidOf(node: string, uid: string): boolean {
    const seen = this.#seen.get(node);
    return seen?.rules?.inSync === true && !seen.acknowledged.has(uid);
  }

  stateOf(node: string, now: number): 'live' | 'stale' | 'absent' {
    const seen = this.#seen.get(node);
    if (!seen) return 'absent';
    const patience = seen.connected ? Math.max(SILENT_MILLISECONDS, SILENT_PERIODS * seen.period) : SILENT_MILLISECONDS;
    return seen.lastFrameAt !== undefined && now - seen.lastFrameAt <= patience ? 'live' : 'stale';
  }

  countBy(state: 'live' | 'stale', now: number): number {
    return [...this.#seen.keys()].filter((node) => this.stateOf(node, now) === state).length;
  }

  /** Connected agents of other minor versions than ours. */
  skewed(is: VersionSkew['is']): number {
    return [...this.#seen.values()].filter(
      ({ connected, version }) => connected && versionSkew(version, VERSION)?.is === is,
    ).length;
  }

  /** The agent's part of a node record. */
  describe(node: string, now: number, conntrack: NodeConntrack | undefined): CityRecord<'node'>['agent'] {
    const seen = this.#seen.get(node);
    if (!seen) return { state: 'absent' };
    const { rules } = seen;
    const skew = versionSkew(seen.version, VERSION);
    return {
      state: this.stateOf(node, now),
      lastFrameAt: seen.lastFrameAt,
      version: seen.version,
      ...(skew && { skew }),
      ...(rules && {
        mode: rules.mode,
        inSync: rules.inSync,
        error: rules.error,
        servicePorts: rules.servicePorts,
        chains: rules.chains,
        rules: rules.rules,
        lastSyncAt: rules.at,
        lastSync: rules.lastSync,
        drift: rules.drift,
        ...problemsOfAgent(rules),
      }),
      ...(seen.isolation && { isolation: seen.isolation }),
      ...(seen.routes && { routes: seen.routes }),
      ...(conntrack && { conntrack }),
    };
  }
}

/** The other problems are of objects, and told there. */
function problemsOfAgent({ problems }: RulesReport): { problems?: string[] } {
  const own = problems.filter(({ kind }) => kind === 'Node').map(({ message }) => message);
  return own.length > 0 ? { problems: own } : {};
}

type NodeConntrack = NonNullable<CityRecord<'node'>['agent']['conntrack']>;

/** A kernel that is not in sync may have let in anything meanwhile: what it holds begins anew. */
function heldSince({ inSync, at, acknowledged }: RulesReport, before: Seen['heldSince']): Seen['heldSince'] {
  if (!inSync) return new Map();
  return new Map(
    acknowledged.map(({ uid, generation, state }) => {
      const known = before.get(uid);
      return [uid, known?.generation === generation && known.state === state ? known : { generation, state, at }];
    }),
  );
}
