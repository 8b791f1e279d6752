import { type IsolationTracker, judge, type OwnNode, refusalHere } from '@kubecity/isolation';
import type { Ipset } from '@kubecity/netfilter';
import { type Family, familyOf } from '@kubecity/routing';
import type { Logger } from 'pino';
import type { AccountingAnswer, AccountingQuestion, OpenAttempt } from '../accounting/messages.ts';
import { BoundedRunner, type Clock } from '../runner.ts';
import { seenHere } from './seen-here.ts';
import { pauseAfter } from './sparing-looks.ts';

export interface NarrowedFlowsOptions {
  readonly tracker: IsolationTracker;
  /** Name of this node. */
  readonly nodeName: string;
  /** Of this node, canonical texts. */
  readonly localAddresses: (family: Family) => readonly string[];
  /** Rules of ours are in the kernel. */
  readonly isEnforced: () => boolean;
  readonly ownNode?: OwnNode;
  /** Names of the sets that keep an ended connection from being taken up the other way round. */
  readonly endedSet: (family: Family) => string | undefined;
  readonly ipset: Pick<Ipset, 'restore'>;
  readonly ask: (question: AccountingQuestion, withinMs: number) => Promise<AccountingAnswer>;
  readonly metrics: { ended(connections: number): void };
  readonly clock: Clock;
  readonly log: Pick<Logger, 'info' | 'warn'>;
}

const LIST_MS = 30_000;
const END_MS = 45_000;
const PAUSES = { least: 1_000, most: 30_000 };
/** Looks without any reason; a flow that a look missed is found by it. */
const ANYWAY_MS = 3_600_000;
const LONGEST_RETRY_MS = 60_000;
/** Each is a reset that a client meets. */
const PER_SECOND = 2_000;
/** Attempts that are judged before others have their turn. */
const AT_ONCE = 500;

/**
 * Ends connections that were opened while policies allowed them and that they do not allow any more. Rules ask first packets
 * only, so what is open is asked here, by the same engine; others are left alone.
 */
export class NarrowedFlows {
  readonly #options: NarrowedFlowsOptions;
  readonly #runner: BoundedRunner;
  /** Of the last look. */
  #costMs = 0;

  constructor(options: NarrowedFlowsOptions) {
    this.#options = options;
    this.#runner = new BoundedRunner({
      run: () => this.#look(),
      minMs: () => pauseAfter(this.#costMs, PAUSES),
      maxMs: ANYWAY_MS,
      retryMs: (failures) => Math.min(LONGEST_RETRY_MS, PAUSES.least * 2 ** failures),
      onError: (err, failures) => {
        // At start they are read a little later than rules are written.
        if (failures === 4) options.log.warn({ err }, 'open connections cannot be held against policies; trying again');
      },
      clock: options.clock,
    });
  }

  /** Policies allow less than before, and the rules say so already. */
  look(): void {
    this.#runner.request();
  }

  async stop(): Promise<void> {
    await this.#runner.stop();
  }

  async #look(): Promise<void> {
    const addresses = this.#options.isEnforced() ? this.#gated() : [];
    if (addresses.length === 0) return;
    const open = await this.#options.ask({ kind: 'attempts', addresses }, LIST_MS);
    if (open.kind !== 'attempts') throw new Error(reasonOf(open));
    this.#costMs = open.cpuMs;
    const refused = await this.#refused(open.attempts);
    if (refused.attempts.length > 0) await this.#end(refused);
    if (!open.whole) this.look();
  }

  /** Addresses of this node's pods that are closed in at least one direction. */
  #gated(): string[] {
    const pods = [...this.#options.tracker.planned.values()];
    return pods.flatMap(({ addresses, ingress, egress }) => (ingress || egress ? addresses : []));
  }

  async #refused(open: readonly OpenAttempt[]): Promise<{ attempts: OpenAttempt[]; policies: Set<string> }> {
    const { tracker, nodeName, localAddresses, ownNode, clock } = this.#options;
    const cluster = seenHere(tracker, nodeName, [...localAddresses('IPv4'), ...localAddresses('IPv6')]);
    const attempts: OpenAttempt[] = [];
    const policies = new Set<string>();
    for (const [i, attempt] of open.entries()) {
      const [from, to, protocol, port] = attempt;
      const refusal = refusalHere(tracker, judge(cluster, { from, to, protocol, port }, ownNode));
      if (refusal) attempts.push(attempt);
      for (const policy of refusal?.policies ?? []) policies.add(policy);
      if (i % AT_ONCE === AT_ONCE - 1) await new Promise<void>((resolve) => clock.after(0, resolve));
    }
    return { attempts, policies };
  }

  async #end({ attempts, policies }: { attempts: readonly OpenAttempt[]; policies: Set<string> }): Promise<void> {
    const { ask, metrics, log } = this.#options;
    await this.#bar(attempts);
    const answer = await ask({ kind: 'endAttempts', attempts, perSecond: PER_SECOND }, END_MS);
    if (answer.kind !== 'endAttempts') throw new Error(reasonOf(answer));
    const { ended, left } = answer;
    metrics.ended(ended);
    const by = [...policies].sort().slice(0, 10);
    if (ended > 0)
      log.info({ connections: ended, left, policies: by }, 'connections ended that policies do not allow any more');
    if (left > 0) this.look();
  }

  /** Before they end: what the server sends next would open the same connection from its side, which policies may allow. */
  async #bar(attempts: readonly OpenAttempt[]): Promise<void> {
    const lines = attempts.flatMap(([from, to, protocol, port]) => {
      const set = protocol === 'TCP' ? this.#options.endedSet(familyOf(to)) : undefined;
      return set === undefined ? [] : [`add ${set} ${to},tcp:${port},${from} -exist\n`];
    });
    if (lines.length > 0) await this.#options.ipset.restore(lines.join(''));
  }
}

const reasonOf = (answer: AccountingAnswer): string =>
  answer.kind === 'refused' ? answer.message : `another answer than was asked for: ${answer.kind}`;
