import { renderSets, type SetWork } from '@kubecity/isolation';
import type { Ipset, RestoreText } from '@kubecity/netfilter';
import { laysAllJumps, type Ruleset, renderJumpsApart, renderRestore, type Transaction } from '@kubecity/ruleset';

export interface IsolationWork {
  readonly rules: Transaction;
  readonly sets: SetWork;
  /** What the kernel shall hold then. */
  readonly ruleset: Ruleset;
}

/** Writes the text of rules; its last portion may wait for `filled`. */
export type RuleWriter<T> = (render: (rules: Transaction) => RestoreText, filled: Promise<unknown>) => Promise<T>;

/**
 * One change of the kernel: at every step a packet passes only if the old or the new state lets it. Sets that nothing asks yet and
 * what leaves a set come first, then rules, then what comes into a set. While none of our jumps stands no packet reaches the rules:
 * then sets are filled while rules are written, and the jumps wait until all of them are full.
 * @param writeRules rejects where `filled` does
 */
export async function writeIsolation<T>(
  { rules, sets, ruleset }: IsolationWork,
  ipset: Pick<Ipset, 'restore'>,
  writeRules: RuleWriter<T>,
): Promise<T> {
  const { prepare, fill, widen } = renderSets(sets, laysAllJumps(rules, ruleset));
  if (prepare !== '') await ipset.restore(prepare);
  const filled = fill === '' ? DONE : ipset.restore(fill);
  const render = (transaction: Transaction) =>
    fill === '' ? renderRestore(transaction) : renderJumpsApart(transaction, filled);
  // Both have ended before anybody tries again.
  const [written, full] = await Promise.allSettled([writeRules(render, filled), filled]);
  if (full.status === 'rejected') throw full.reason;
  if (written.status === 'rejected') throw written.reason;
  if (widen !== '') await ipset.restore(widen);
  return written.value;
}

const DONE: Promise<unknown> = Promise.resolve();
