import {
  difference,
  ERRNO,
  isGone,
  type KernelState,
  peersOf,
  planRoutes,
  type RoutePlan,
  type Step,
  stepText,
  type Way,
} from '@kubecity/routes';
import type { Family, KubeNode } from '@kubecity/routing';
import { KernelDoor } from './kernel-door.ts';
import { AUTO } from './machine.ts';
import { numbered } from './nodes.ts';

/** node-1 in the kernel of the namespace that the test is in. */
export class KernelMachine {
  readonly nodes = new Map<string, KubeNode>();
  readonly door: KernelDoor;
  readonly #refusedTunnels: Partial<Record<Family, string>> = {};

  constructor(nodes: readonly KubeNode[], door = new KernelDoor()) {
    this.door = door;
    for (const node of [numbered(1), ...nodes]) this.nodes.set(node.metadata.name, node);
  }

  async plan(known?: KernelState): Promise<RoutePlan> {
    const kernel = known ?? (await this.door.state());
    const { own, peers, refused } = peersOf(this.nodes.values(), 'node-1');
    if (!own) throw new Error('node-1 is not there');
    const ways = new Map<string, Way>();
    for (const { address } of peers) ways.set(address, await this.door.way(address));
    const refusedTunnels = this.#refusedTunnels;
    return planRoutes({ own, peers, refused, ways, kernel, settings: AUTO, refusedTunnels });
  }

  /** Compares and writes until nothing is left to do. Returns what was done, in words. */
  async settle(): Promise<string[]> {
    const done: string[] = [];
    for (let round = 0; round < 4; round++) {
      const kernel = await this.door.state();
      const { steps, again } = difference(kernel, await this.plan(kernel));
      const refused = await this.write(steps);
      done.push(...steps.filter((step) => !refused.includes(step)).map(stepText));
      if (!again) return done;
    }
    throw new Error('it does not come to rest');
  }

  /** Returns the steps to tunnels that this kernel does not have; throws what else it refused. */
  async write(steps: readonly Step[]): Promise<Step[]> {
    const refused: Step[] = [];
    for (const [i, { errno }] of (await this.door.send(steps)).entries()) {
      const step = steps[i] as Step;
      if (errno === 0 || isGone(step, errno)) continue;
      if (step.act !== 'createTunnel' || errno !== ERRNO.EOPNOTSUPP)
        throw new Error(`${stepText(step)}: errno ${errno}`);
      this.#refusedTunnels[step.tunnel.family] = 'EOPNOTSUPP';
      refused.push(step);
    }
    return refused;
  }
}
