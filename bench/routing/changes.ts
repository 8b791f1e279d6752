import { median } from '../statistics.ts';
import { type NodeObject, node, type Pods, type ServiceObject, type Size, type SliceObject, service } from './world.ts';

/** Whoever keeps the kernel as the objects say. Times are Unix milliseconds with fractions. */
export interface Router {
  apply(object: ServiceObject | SliceObject | NodeObject): void;
  /** Every sync so far that ended well, in order. */
  readonly syncs: readonly { readonly start: number; readonly end: number }[];
  /** Resolves when all that was applied since `moment` is in the kernel. */
  reached(moment: number): Promise<void>;
}

/** Milliseconds from a change of the objects to the kernel's obeying. */
export interface ChangeTimes {
  readonly endpoint: number;
  readonly service: number;
  readonly zone: number;
  readonly rolling: Lag;
}

export interface Lag {
  /** From the last event to the kernel. */
  readonly last: number;
  /** The longest that any event waited for the kernel. */
  readonly longest: number;
  readonly syncs: number;
}

export interface ChangeOptions {
  readonly size: Size;
  /** How often each single change is made; the median counts. */
  readonly repeat: number;
  /** Pods that a rolling update replaces, and how many in a second. */
  readonly rolling: { readonly pods: number; readonly perSecond: number };
  /** Rest between two changes, so that no limit on the frequency of syncs counts as work. */
  readonly restMs: number;
}

/** Endpoints of a Service that is added, so that five of them do not make another world. */
const LARGEST_NEWCOMER = 10;

export const now = (): number => performance.timeOrigin + performance.now();

/** Makes every kind of change to a world that the kernel already holds. */
export async function measureChanges(router: Router, pods: Pods, options: ChangeOptions): Promise<ChangeTimes> {
  const { size, repeat, restMs } = options;
  const timed = async (objects: (round: number) => readonly Parameters<Router['apply']>[0][]) => {
    const times: number[] = [];
    for (let round = 0; round < repeat; round++) {
      await rest(restMs);
      const made = objects(round);
      const start = now();
      for (const object of made) router.apply(object);
      await router.reached(start);
      times.push((router.syncs.at(-1)?.end ?? Number.NaN) - start);
    }
    return median(times);
  };
  const settled = async (object: NodeObject) => {
    await rest(restMs);
    const start = now();
    router.apply(object);
    await router.reached(start);
    await rest(restMs);
  };
  const endpoint = await timed((round) => [pods.replace(place(round, size), round % size.endpoints)]);
  const added = (round: number) => size.services + round;
  const newcomer = Math.min(size.endpoints, LARGEST_NEWCOMER);
  const service_ = await timed((round) => [service(added(round)), ...pods.slices(added(round), newcomer)]);
  await settled(node('zone-a'));
  const zone = await timed((round) => [node(round % 2 === 0 ? 'zone-b' : 'zone-a')]);
  // Without a zone every pod is in use, so that each one replaced is a change of the rules.
  await settled(node());
  return { endpoint, service: service_, zone, rolling: await rollingUpdate(router, pods, options) };
}

/** Services all over the range, not neighbours. */
const place = (round: number, { services }: Size): number => Math.floor(((round * 0.618 + 0.5) % 1) * services);

/** End of the first sync that began at `moment` or later. */
function endOf({ syncs }: Router, moment: number): number {
  const sync = syncs.find(({ start }) => start >= moment);
  if (!sync) throw new Error('no sync began after the change');
  return sync.end;
}

async function rollingUpdate(router: Router, pods: Pods, { size, rolling }: ChangeOptions): Promise<Lag> {
  const replaced = Math.min(rolling.pods, size.services * size.endpoints);
  const events: number[] = [];
  const before = router.syncs.length;
  const start = now();
  for (let count = 0; count < replaced; count++) {
    await rest(start + (count * 1000) / rolling.perSecond - now());
    events.push(now());
    router.apply(pods.replace(count % size.services, Math.floor(count / size.services)));
  }
  const last = events.at(-1) as number;
  await router.reached(last);
  const lags = events.map((event) => endOf(router, event) - event);
  return { last: lags.at(-1) as number, longest: Math.max(...lags), syncs: router.syncs.length - before };
}

function rest(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, milliseconds)));
}
