import type { CityRecord } from '@kubecity/protocol';
import type { ToyWish } from './toy-steering.ts';

interface Around {
  readonly nodes: readonly string[];
  /** Unix ms since when. */
  readonly silent: ReadonlyMap<string, number>;
  /** Backend ids that it holds. */
  readonly backends: readonly string[];
  readonly lifted: boolean;
}

/** Seconds in which what is open on a drained backend of the toy goes away. */
const PATIENCE = 90;
const OPEN = { moving: 9, idle: 14, closing: 31 };

/** How far an override of the toy has come: nodes confirm one after the other, connections end by and by or are cut. */
export function wishRecord(wish: ToyWish, around: Around, now: number): CityRecord<'override'> {
  const { effect, since, expiresAt, namespace } = wish;
  const seconds = (now - since) / 1000;
  const acknowledged = around.nodes.filter((node, i) => !around.silent.has(node) && seconds > 0.4 + i * 0.7);
  const ramp = effect.kind === 'drain' ? undefined : effect.ramp;
  const to = effect.kind === 'share' ? effect.share : effect.kind === 'weight' ? effect.weight : 0;
  const from = ramp?.from ?? (effect.kind === 'share' ? 25 : 100);
  const part = Math.min(1, seconds / (ramp?.seconds ?? 1));
  const expired = expiresAt !== undefined && Date.parse(expiresAt) <= now;
  return {
    uid: wish.uid,
    namespace,
    name: wish.name,
    cluster: namespace === '',
    service: wish.target.kind === 'service' ? `${wish.target.namespace}/${wish.target.name}` : undefined,
    generation: wish.generation,
    createdAt: new Date(since).toISOString(),
    startedAt: since,
    expiresAt: expiresAt === undefined ? undefined : Date.parse(expiresAt),
    kind: effect.kind,
    weight: effect.kind === 'weight' ? effect.weight : undefined,
    share: effect.kind === 'share' ? effect.share : undefined,
    ramp: ramp && { from, value: Math.round(from + (to - from) * part), until: since + ramp.seconds * 1000 },
    reason: wish.reason,
    by: wish.by,
    change: wish.change,
    ...standingOf(around, expired),
    backends: [...around.backends],
    nodes: {
      desired: around.nodes.length,
      acknowledged,
      waitingFor: around.nodes.filter((node) => !acknowledged.includes(node)),
    },
    ...(effect.kind === 'drain'
      ? drainOf(effect, seconds, since, around.silent.size > 0)
      : { connections: none(around) }),
  };
}

function standingOf({ lifted, backends }: Around, expired: boolean): Pick<CityRecord<'override'>, 'state' | 'message'> {
  if (expired) return { state: 'expired' };
  if (lifted) return { state: 'lifted', message: 'it would leave fewer backends than the floor of a Service' };
  return backends.length > 0
    ? { state: 'applied' }
    : { state: 'overruled', message: 'others hold every backend of it' };
}

const none = ({ silent }: Around) => ({
  moving: 0,
  idle: 0,
  closing: 0,
  waiting: 0,
  coverage: silent.size > 0 ? ('atLeast' as const) : ('complete' as const),
});

function drainOf(
  effect: Extract<ToyWish['effect'], { kind: 'drain' }>,
  seconds: number,
  since: number,
  blind: boolean,
): Pick<CityRecord<'override'>, 'drain' | 'connections'> {
  const { existing = 'wait', deadlineSeconds } = effect;
  const over = deadlineSeconds !== undefined && seconds >= deadlineSeconds;
  const left = Math.max(0, 1 - seconds / PATIENCE) * (over || existing === 'cut' ? Math.max(0, 1 - seconds / 20) : 1);
  const moving = Math.round(OPEN.moving * left);
  const idle = existing === 'wait' ? Math.round(OPEN.idle * left) : Math.max(0, OPEN.idle - Math.round(seconds));
  const closing = Math.round(OPEN.closing * Math.max(0, 1 - seconds / 120));
  const cuts = over || existing !== 'wait';
  const open = moving + idle;
  return {
    connections: { moving, idle, closing, waiting: 0, coverage: blind ? 'atLeast' : 'complete' },
    drain: {
      existing,
      udp: effect.udp ?? existing,
      sticky: effect.sticky ?? 'expire',
      cutPerSecond: effect.cutPerSecond ?? 50,
      deadline: deadlineSeconds === undefined ? undefined : since + deadlineSeconds * 1000,
      doneAt: open > 0 && seconds > 5 ? since + PATIENCE * 1000 : undefined,
      cut: cuts ? OPEN.idle - idle + (existing === 'cut' ? OPEN.moving - moving : 0) : 0,
      phase: blind ? 'unknown' : open + closing === 0 ? 'drained' : cuts && open > 0 ? 'cutting' : 'draining',
    },
  };
}
