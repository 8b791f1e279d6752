import type { IsolationChange } from '@kubecity/isolation';

/** Whether connections that were allowed may not be any more, over changes that were not told of yet. */
export class Narrowing {
  /** What changed while no agent ran is not known. */
  #narrowed = true;

  follow({ plan, pods, sets }: IsolationChange): void {
    for (const id of pods) {
      const { ingress, egress, addresses = [] } = plan.pods.get(id) ?? {};
      // Of a new pod, too: what is open at its address may be another's that had it before.
      if ((ingress || egress) && addresses.length > 0) this.#narrowed = true;
    }
    for (const { removed } of sets.changed.values()) if (removed.length > 0) this.#narrowed = true;
  }

  /** Nothing is enforced any more: whatever is opened from now on may have to end later. */
  lift(): void {
    this.#narrowed = true;
  }

  /**
   * To be told when something was written.
   * @param isWhole all of it; otherwise the rest is told again
   */
  take(isWhole: boolean): boolean {
    const narrowed = this.#narrowed;
    if (isWhole) this.#narrowed = false;
    return narrowed;
  }
}
