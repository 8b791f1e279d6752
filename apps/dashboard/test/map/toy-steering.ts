import type {
  AuditEntry,
  CityOp,
  CityRecord,
  NodeDifference,
  PlannedWrite,
  ShareTable,
  SteerAnswer,
  SteerEffect,
  SteerPreview,
  SteerRequest,
  SteerTarget,
} from '@kubecity/protocol';
import { namedBackends } from '../../src/city/steer/target.ts';

type Backend = CityRecord<'backend'>;
type Weight = { weight: number; draining: boolean; uid?: string };
type Weighed = ReadonlyMap<string, Weight>;

/** What the toy's hub knows of the city besides the overrides. */
export interface ToyGround {
  readonly nodes: readonly string[];
  readonly pods: ReadonlyMap<string, CityRecord<'pod'>>;
  readonly backends: Map<string, Backend>;
  /** New connections a second of each backend, as they are now. */
  readonly rates: () => ReadonlyMap<string, number>;
}

/** One override of the toy. `target` is what it names for good: never a backend of the map or another override. */
export interface ToyWish {
  readonly uid: string;
  readonly namespace: string;
  readonly name: string;
  readonly target: SteerTarget;
  readonly effect: Exclude<SteerEffect, { kind: 'release' }>;
  readonly generation: number;
  /** Unix ms. */
  readonly since: number;
  readonly by: string;
  readonly reason?: string;
  readonly expiresAt?: string;
  readonly allowEmpty: boolean;
  readonly change: string;
}

type Wishes = ReadonlyMap<string, ToyWish>;
type Change = { readonly entry: AuditEntry; readonly key: string; readonly before?: ToyWish; readonly after?: ToyWish };

const FLOORS: Readonly<Record<string, number>> = { 'shop/web': 2 };
const keyOf = ({ namespace, name }: Pick<ToyWish, 'namespace' | 'name'>) => (namespace ? `${namespace}/${name}` : name);

/** The hub's part of steering for the toy city: one object per request, tables before and after, floors, races, undo. */
export class ToySteering {
  readonly #ground: ToyGround;
  #wishes: Wishes = new Map();
  readonly #changes: Change[] = [];
  #serial = 0;
  /** Uids and names of what is gone since it was last asked for. */
  #gone: CityOp[] = [];

  constructor(ground: ToyGround) {
    this.#ground = ground;
  }

  get wishes(): readonly ToyWish[] {
    return [...this.#wishes.values()];
  }
  get audit(): readonly AuditEntry[] {
    return this.#changes.map(({ entry }) => entry);
  }
  takeGone(): CityOp[] {
    return this.#gone.splice(0);
  }

  /** @throws never: what is not possible is a refusal */
  steer(request: SteerRequest, now: number, by: string): SteerAnswer {
    const seen = `state-${this.#changes.length}`;
    const before = this.#wishes;
    const last = this.#changes.at(-1)?.entry;
    if (request.seen !== undefined && request.seen !== seen) {
      const message = `${last?.who} changed ${last?.name} since you looked: ${last?.outcome}.`;
      return { ok: false, code: 'conflict', message, seen };
    }
    const plan = request.action === 'undo' ? this.#planUndo(request.change) : this.#plan(request, now, by);
    if (plan.refused !== undefined) return { ok: false, code: plan.code, message: plan.refused };
    const { write, key, wish, message } = plan;
    if (!write) return { ok: true, message, remarks: [], seen };
    const after = new Map(before);
    if (wish) after.set(key, wish);
    else after.delete(key);
    const tables = this.#tables(before, after, now);
    const preview: SteerPreview = { writes: [write], tables, truncated: false, nodes: this.#rules(tables) };
    const broken = tables.find(({ active }) => active.after < active.floor && active.after < active.before);
    if (broken && !request.allowEmpty) {
      const { active, servicePort } = broken;
      const text = `${servicePort} would keep ${active.after} of ${active.of} backends for new connections; its floor is ${active.floor}.`;
      return { ok: false, code: 'would-empty', message: text, preview, seen };
    }
    const remarks = tables.some(({ affinity }) => affinity)
      ? ['Clients are held by session affinity: shares count for new clients only.']
      : [];
    if (request.dryRun) return { ok: true, message, remarks, preview, seen };
    const old = before.get(key);
    const change = this.#note({
      write,
      wish,
      old,
      now,
      by,
      of: request.action === 'undo' ? request.change : undefined,
    });
    if (old) this.#gone.push(['delete', 'override', old.uid]);
    if (wish) after.set(key, { ...wish, change });
    this.#wishes = after;
    return { ok: true, override: key, change, message, remarks, preview, seen: `state-${this.#changes.length}` };
  }

  #plan(request: SteerRequest & { action: 'steer' }, now: number, by: string) {
    const { target, effect } = request;
    const named = this.#named(target);
    const holders = target.kind === 'override' ? [this.#wishes.get(keyOf({ namespace: '', ...target }))] : [];
    const held = target.kind === 'override' ? holders[0] : this.#holderOf(target);
    if (target.kind === 'override' ? !held : named.length === 0)
      return { refused: 'It names nothing that is there.', code: 'not-found' as const };
    if (effect.kind === 'release') {
      if (!held) return { message: 'Nothing of ours holds it.', key: '' };
      return {
        key: keyOf(held),
        write: this.#write('delete', held, undefined),
        message: `${held.name} is deleted; it is back to neutral.`,
      };
    }
    const base = target.kind === 'override' && held ? { ...held } : this.#nameOf(target, effect);
    const key = keyOf(base);
    const old = this.#wishes.get(key);
    this.#serial += 1;
    const wish: ToyWish = {
      ...base,
      target: target.kind === 'override' ? (held as ToyWish).target : this.#lasting(target),
      effect,
      uid: `override-${this.#serial}`,
      generation: (old?.generation ?? 0) + 1,
      since: now,
      by,
      reason: request.reason,
      expiresAt: request.expiresAt,
      allowEmpty: request.allowEmpty ?? false,
      change: '',
    };
    const message = `${key} holds once every node has confirmed it.`;
    return { key, wish, write: this.#write(old ? 'replace' : 'create', old, wish), message };
  }

  #planUndo(id: string) {
    const change = this.#changes.find(({ entry }) => entry.id === id);
    if (!change) return { refused: 'No such change is known.', code: 'not-found' as const };
    const now = this.#wishes.get(change.key);
    const holds = change.after ? now?.change === id : now === undefined;
    if (!holds) {
      const who = now?.by ?? this.#changes.findLast(({ key }) => key === change.key)?.entry.who;
      return { refused: `${change.entry.name} was changed by ${who} after that.`, code: 'conflict' as const };
    }
    const wish = change.before;
    const verb = wish ? (now ? 'replace' : 'create') : 'delete';
    return {
      key: change.key,
      wish,
      write: this.#write(verb, now, wish),
      message: `${change.entry.name} is as it was.`,
    };
  }

  #write(verb: PlannedWrite['verb'], before: ToyWish | undefined, after: ToyWish | undefined): PlannedWrite {
    const { namespace, name } = (after ?? before) as ToyWish;
    const kind = namespace ? 'RoutingOverride' : 'ClusterRoutingOverride';
    const where = namespace ? { namespace } : {};
    return { verb, kind, ...where, name, before: before && specOf(before), after: after && specOf(after) };
  }

  #note({ write, wish, old, now, by, of }: Noted): string {
    const id = `${now.toString(36)}-${this.#changes.length}`;
    const entry: AuditEntry = {
      id,
      at: now,
      who: by,
      how: by.startsWith('kubectl') ? 'kubectl' : 'dashboard',
      what: of === undefined ? write.verb : 'undo',
      kind: write.kind,
      namespace: write.namespace,
      name: write.name,
      service: serviceOf((wish ?? old)?.target),
      reason: wish?.reason,
      before: write.before,
      after: write.after,
      of,
      outcome: `${this.#ground.nodes.length} of ${this.#ground.nodes.length} nodes confirmed after 2.5 s`,
    };
    this.#changes.push({ entry, key: keyOf(wish ?? (old as ToyWish)), before: old, after: wish });
    return id;
  }

  #named(target: SteerTarget): string[] {
    const pod = this.#ground.pods;
    return namedBackends({ pod, backend: this.#ground.backends, override: new Map() }, target).map(({ id }) => id);
  }

  #holderOf(target: SteerTarget): ToyWish | undefined {
    const ids = new Set(this.#named(target));
    return this.wishes.findLast((wish) => this.#named(wish.target).some((id) => ids.has(id)));
  }

  /** A backend of the map is its pod in its Service. */
  #lasting(target: SteerTarget): SteerTarget {
    const backend = target.kind === 'backend' ? this.#ground.backends.get(target.id) : undefined;
    if (!backend) return target;
    const [namespace = '', name = ''] = backend.service.split('/');
    return { kind: 'service', namespace, name, backends: { podNames: [backend.podName as string] } };
  }

  #nameOf(target: SteerTarget, { kind }: SteerEffect): { namespace: string; name: string } {
    const lasting = this.#lasting(target);
    if (lasting.kind === 'service') {
      const who = Object.values(lasting.backends ?? {}).flatMap((one) =>
        Array.isArray(one) ? one : Object.values(one),
      );
      return { namespace: lasting.namespace, name: [lasting.name, kind, ...who].join('-').slice(0, 60) };
    }
    const namespace = 'namespace' in lasting ? (lasting.namespace ?? '') : '';
    return { namespace, name: `${lasting.kind}-${'name' in lasting ? lasting.name : 'group'}-${kind}` };
  }

  /** Drain before weight before share, the younger before the older; floors lift the youngest first. */
  weigh(wishes: Wishes = this.#wishes, now = 0): { weights: Weighed; lifted: ReadonlySet<string> } {
    const acting = inOrder(wishes).filter(({ expiresAt }) => expiresAt === undefined || Date.parse(expiresAt) > now);
    const lifted = new Set<string>();
    for (;;) {
      const weights = this.#weighWith(acting.filter(({ uid }) => !lifted.has(uid)));
      const guilty = this.#broken(weights, acting, lifted);
      if (!guilty) return { weights, lifted };
      lifted.add(guilty.uid);
    }
  }

  #weighWith(acting: readonly ToyWish[]): Weighed {
    const weights = new Map<string, Weight>();
    for (const [id] of this.#ground.backends) weights.set(id, { weight: 100, draining: false });
    for (const { effect, target, uid } of acting) {
      const ids = this.#named(target);
      if (effect.kind === 'share') this.#share(ids, effect.share / 100, uid, weights);
      else {
        const weight = effect.kind === 'drain' ? 0 : effect.weight;
        for (const id of ids) weights.set(id, { weight, draining: effect.kind === 'drain', uid });
      }
    }
    return weights;
  }

  #share(ids: readonly string[], share: number, uid: string, weights: Map<string, Weight>): void {
    for (const port of new Set(ids.map((id) => this.#ground.backends.get(id)?.servicePort))) {
      const all = [...this.#ground.backends].filter(([, one]) => one.servicePort === port && one.usable);
      const own = all.filter(([id]) => ids.includes(id));
      const rest = all
        .filter(([id]) => !ids.includes(id))
        .reduce((sum, [id]) => sum + (weights.get(id)?.weight ?? 0), 0);
      // Where nobody else can take the rest, the group has it all.
      const weight = rest === 0 ? 100 * share : share >= 1 ? 1e6 : (rest * share) / (1 - share) / own.length;
      for (const [id] of own) weights.set(id, { weight, draining: false, uid });
    }
  }

  #broken(weights: Weighed, acting: readonly ToyWish[], lifted: ReadonlySet<string>): ToyWish | undefined {
    for (const service of new Set([...this.#ground.backends.values()].map((one) => one.service))) {
      const floor = FLOORS[service] ?? 1;
      const usable = [...this.#ground.backends].filter(([, one]) => one.service === service && one.usable);
      const active = usable.filter(([id]) => (weights.get(id)?.weight ?? 0) > 0).length;
      if (active >= Math.min(floor, usable.length)) continue;
      const young = [...acting].sort((a, b) => b.since - a.since);
      const guilty = young.find(
        (wish) => !wish.allowEmpty && !lifted.has(wish.uid) && usable.some(([id]) => weights.get(id)?.uid === wish.uid),
      );
      if (guilty) return guilty;
    }
    return undefined;
  }

  #tables(before: Wishes, after: Wishes, now: number): ShareTable[] {
    const rates = this.#ground.rates();
    // What a floor lifts counts as it stands; of what is wished the person shall see what it would do.
    const [then, next] = [this.weigh(before, now).weights, this.#weighWith(inOrder(after))];
    const ports = Map.groupBy([...this.#ground.backends], ([, { servicePort }]) => servicePort);
    return [...ports].flatMap(([servicePort, members]) => {
      const usable = members.filter(([, { usable }]) => usable);
      const total = (of: Weighed) => usable.reduce((sum, [id]) => sum + (of.get(id)?.weight ?? 0), 0);
      const [totalThen, totalNext] = [total(then), total(next)];
      const rate = usable.reduce((sum, [id]) => sum + (rates.get(id) ?? 0), 0);
      const at = (of: Weighed, sum: number, id: string) => {
        const { weight = 0, draining = false } = of.get(id) ?? {};
        return { weight: Math.round(weight * 100) / 100, share: sum > 0 ? weight / sum : 0, draining };
      };
      const rows = usable.map(([id, { podName: pod, node }]) => {
        const after = at(next, totalNext, id);
        return {
          backend: id,
          pod,
          node,
          before: at(then, totalThen, id),
          after,
          rateBefore: rates.get(id) ?? 0,
          rateAfter: rate * after.share,
        };
      });
      if (rows.every((row) => row.before.share === row.after.share && row.before.draining === row.after.draining))
        return [];
      const active = (of: Weighed) => usable.filter(([id]) => (of.get(id)?.weight ?? 0) > 0).length;
      const floor = Math.min(usable.length, FLOORS[usable[0]?.[1].service ?? ''] ?? 1);
      return [
        {
          servicePort,
          rows,
          active: { before: active(then), after: active(next), floor, of: usable.length },
          affinity: servicePort.startsWith('data/sessions:'),
        },
      ];
    });
  }

  /** node-d does not answer; the others would write one chain per service port. */
  #rules(tables: readonly ShareTable[]): NodeDifference[] {
    return this.#ground.nodes.map((node) => {
      if (node === 'node-d') return { node, error: 'its agent did not answer within 5 s' };
      const chains = tables.map(({ servicePort, rows }) => {
        const chain = `CITY-${servicePort
          .replaceAll(/[^a-z]+/g, '-')
          .toUpperCase()
          .slice(0, 20)}`;
        const lines = (of: 'before' | 'after') => {
          let left = 1;
          return rows.flatMap((row) => {
            const share = row[of].share;
            if (share <= 0) return [];
            const chance = share / left;
            left -= share;
            const match = chance < 0.999999 ? ` -m statistic --mode random --probability ${chance.toFixed(8)}` : '';
            return [`-A ${chain}${match} -j DNAT --to-destination ${row.backend.split('|')[1]}`];
          });
        };
        return {
          family: 'IPv4' as const,
          table: 'nat' as const,
          chain,
          before: lines('before'),
          after: lines('after'),
        };
      });
      return { node, chains };
    });
  }
}

const RANK = { drain: 2, weight: 1, share: 0 } as const;
/** Who comes later has the last word. */
const inOrder = (wishes: Wishes): ToyWish[] =>
  [...wishes.values()].sort((a, b) => RANK[a.effect.kind] - RANK[b.effect.kind] || a.since - b.since);

interface Noted {
  readonly write: PlannedWrite;
  readonly wish?: ToyWish;
  readonly old?: ToyWish;
  readonly now: number;
  readonly by: string;
  readonly of?: string;
}

const serviceOf = (target: SteerTarget | undefined): string | undefined =>
  target?.kind === 'service' ? `${target.namespace}/${target.name}` : undefined;

/** As the API would have it. */
function specOf({ target, effect, reason, expiresAt, allowEmpty }: ToyWish): Record<string, unknown> {
  const { kind, ...drain } = effect;
  const acts = effect.kind === 'drain' ? { drain } : { ...drain };
  const backends =
    target.kind === 'service' || target.kind === 'chosen'
      ? target.backends
      : target.kind === 'node'
        ? { nodeNames: [target.name] }
        : target.kind === 'zone'
          ? { zones: [target.name] }
          : target.kind === 'pod'
            ? { podNames: [target.name] }
            : undefined;
  const service = target.kind === 'service' ? { service: target.name } : {};
  return JSON.parse(
    JSON.stringify({ ...service, backends, ...acts, ...(allowEmpty ? { allowEmpty } : {}), reason, expiresAt }),
  );
}
