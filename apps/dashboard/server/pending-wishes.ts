import type { CityRecord } from '@kubecity/protocol';

type Backends = ReadonlyMap<string, CityRecord<'backend'>>;

/** Service ports whose wished shares changed, until every node has the new ones. */
export class PendingWishes {
  /** Key of the service port → uids of the overrides that had or have a hand in its shares. */
  readonly #waiting = new Map<string, Set<string>>();

  /** Whether the shares are others than before. A port that had no backends has no share that could be mistaken for another. */
  changed(port: string, before: Backends, after: Backends): boolean {
    if (before.size === 0 || sameShares(before, after)) return false;
    const uids = this.#waiting.get(port) ?? new Set();
    for (const { overrideUid } of [...before.values(), ...after.values()]) {
      if (overrideUid !== undefined) uids.add(overrideUid);
    }
    this.#waiting.set(port, uids);
    return true;
  }

  /**
   * Ports that wait no longer; each is told once.
   * @param isHeld whether every node has this override as it is now, or has let go of it when it is gone
   */
  *take(isHeld: (uid: string) => boolean): Generator<string> {
    for (const [port, uids] of this.#waiting) {
      if (![...uids].every(isHeld)) continue;
      this.#waiting.delete(port);
      yield port;
    }
  }
}

const sameShares = (before: Backends, after: Backends): boolean =>
  before.size === after.size &&
  [...after].every(([id, { wishedShare }]) => before.get(id)?.wishedShare === wishedShare);
