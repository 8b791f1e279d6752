import type { RouteTables } from '@kubecity/netlink';
import {
  difference,
  EMPTY_PLAN,
  ERRNO,
  errnoName,
  isGone,
  KernelState,
  type Peers,
  planRoutes,
  type RoutePlan,
  type RouteSettings,
  type Step,
  stepText,
  type Way,
} from '@kubecity/routes';
import type { Family } from '@kubecity/routing';

/** What one compare found and did. */
export interface Compared {
  /** Whether the kernel was read, or only what is known of it was brought to the new wish. */
  readonly fresh: boolean;
  readonly plan: RoutePlan;
  /** As it is now, as far as is known. */
  readonly kernel: KernelState;
  readonly ways: ReadonlyMap<string, Way>;
  readonly done: readonly Step[];
  /** What the kernel refused, and why, in words. */
  readonly refusals: readonly string[];
}

/** Steps that bring more steps (a device is made, then filled) end after so many rounds. */
const ROUNDS = 5;

/** Brings the kernel's routes to what the nodes say. Decides nothing itself: packages/routes does. */
export class RouteSync {
  readonly #tables: RouteTables;
  readonly #settings: RouteSettings;
  /** What the kernel held when it was last read, and what was written since; undefined when that is not known. */
  #kernel: KernelState | undefined;
  /** All of it is in that kernel; undefined when that is not known. */
  #settled: RoutePlan | undefined;
  #ways = new Map<string, Way>();
  #refusedTunnels: Partial<Record<Family, string>> = {};

  constructor(tables: RouteTables, settings: RouteSettings) {
    this.#tables = tables;
    this.#settings = settings;
  }

  /** The kernel is read the next time, whoever asks. */
  forget(): void {
    this.#kernel = undefined;
  }

  /** Compares and writes. Rejects with NetlinkError, knowing nothing of the kernel then. */
  async compare({ own, peers, refused }: Peers & { readonly own: NonNullable<Peers['own']> }): Promise<Compared> {
    const fresh = this.#kernel === undefined;
    if (fresh) {
      this.#ways = new Map();
      this.#refusedTunnels = {};
    }
    const known = this.#kernel;
    this.#kernel = undefined;
    let settled = known && this.#settled;
    let kernel = known ?? new KernelState(await this.#tables.read());
    await this.#learnWays(new Set(peers.map(({ address }) => address)));
    const done: Step[] = [];
    for (let round = 1; ; round += 1) {
      const refusedTunnels = this.#refusedTunnels;
      const settings = this.#settings;
      const plan = planRoutes({ own, peers, refused, ways: this.#ways, kernel, settings, refusedTunnels });
      const { steps, again } = difference(kernel, plan, settled);
      const written = await this.#write(steps, kernel);
      done.push(...written.done);
      const tunnelRefused = this.#refusedTunnels !== refusedTunnels;
      const isWhole = !(again || tunnelRefused);
      if (round === ROUNDS || isWhole) {
        // After a refusal the kernel is not as we think.
        if (written.refusals.length === 0) this.#kernel = kernel;
        this.#settled = isWhole ? plan : undefined;
        return { fresh, plan, kernel, ways: this.#ways, done, refusals: written.refusals };
      }
      kernel = new KernelState(await this.#tables.read());
      settled = undefined;
    }
  }

  async #learnWays(addresses: ReadonlySet<string>): Promise<void> {
    for (const address of this.#ways.keys()) if (!addresses.has(address)) this.#ways.delete(address);
    const unknown = [...addresses].filter((address) => !this.#ways.has(address));
    for (const [address, way] of await this.#tables.ways(unknown)) this.#ways.set(address, way);
  }

  async #write(steps: readonly Step[], kernel: KernelState): Promise<{ done: Step[]; refusals: string[] }> {
    const { done, refused } = await write(this.#tables, steps);
    for (const step of done) kernel.apply(step);
    const refusals: string[] = [];
    for (const { step, errno } of refused) {
      if (step.act === 'createTunnel') {
        this.#refusedTunnels = {
          ...this.#refusedTunnels,
          [step.tunnel.family]: tunnelRefusal(step.tunnel.name, errno),
        };
      } else refusals.push(refusalText({ step, errno }));
    }
    return { done, refusals };
  }
}

/**
 * Takes away every route, device, neighbour and entry of ours in this network namespace. Returns how many steps it took; rejects
 * when the kernel keeps something.
 */
export async function clearRoutes(tables: RouteTables): Promise<number> {
  const kernel = new KernelState(await tables.read());
  const { done, refused } = await write(tables, difference(kernel, EMPTY_PLAN).steps);
  if (refused.length > 0) throw new Error(refused.map(refusalText).join('; '));
  return done.length;
}

interface Refused {
  readonly step: Step;
  readonly errno: number;
}

/** What is gone already is done. */
async function write(tables: RouteTables, steps: readonly Step[]): Promise<{ done: Step[]; refused: Refused[] }> {
  const answers = await tables.write(steps);
  const done: Step[] = [];
  const refused: Refused[] = [];
  for (const [index, step] of steps.entries()) {
    const errno = answers[index] ?? 0;
    if (errno === 0 || isGone(step, errno)) done.push(step);
    else refused.push({ step, errno });
  }
  return { done, refused };
}

const refusalText = ({ step, errno }: Refused): string => `${stepText(step)}: refused with ${errnoName(errno)}`;

function tunnelRefusal(name: string, errno: number): string {
  const refusal = `the kernel refuses the device ${name} (${errnoName(errno)})`;
  if (errno === ERRNO.EOPNOTSUPP) return `${refusal}: it has no VXLAN; modprobe vxlan on the host may bring it`;
  if (errno === ERRNO.EEXIST) return `${refusal}: another device has this vxlanId and vxlanPort already`;
  return refusal;
}
