import type { IsolationPlan } from '@kubecity/isolation';
import type { Problem } from '@kubecity/routing';
import { policiesInForce } from './isolation-report.ts';

/** Faults of policies that close a pod of this node, each told once until it is mended; others are other nodes' to tell. */
export class PolicyFaults {
  readonly #tell: (problem: Problem) => void;
  #told: ReadonlySet<string> = new Set();

  constructor(tell: (problem: Problem) => void) {
    this.#tell = tell;
  }

  follow(plan: IsolationPlan): void {
    if (plan.problems.length === 0 && this.#told.size === 0) return;
    const inForce = policiesInForce(plan);
    const now = new Set<string>();
    for (const problem of plan.problems) {
      const { namespace, name, field, message } = problem;
      if (!inForce.has(`${namespace}/${name}`)) continue;
      const key = `${namespace}/${name} ${field} ${message}`;
      if (!this.#told.has(key) && !now.has(key)) this.#tell(problem);
      now.add(key);
    }
    this.#told = now;
  }
}
