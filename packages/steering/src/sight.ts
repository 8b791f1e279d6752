import { BY_ANNOTATION, type KubeRoutingOverride, type RoutingTable } from '@kubecity/routing';
import { backendId } from './backend-id.ts';
import { digest } from './digest.ts';
import type { HeldCity } from './held-city.ts';
import type { SeenOverride, Sight } from './plan.ts';
import { membersOf, reachOf } from './reach.ts';
import { effectWords, nameOf, some, specOf } from './words.ts';

/** @param services `namespace/name` */
export function sightOf(city: HeldCity, services: ReadonlySet<string>, table: RoutingTable): Sight {
  const touching = city.overrides.filter((object) => touches(object, city, table));
  const overrides = new Map(touching.map((object) => [versionOf(object), seen(object)]));
  const backends = new Set<string>();
  for (const { key, backends: all } of table.servicePorts.values()) {
    for (const backend of all) if (backend.usable) backends.add(backendId(key, backend));
  }
  const whole = [[...services].sort(), [...overrides.keys()].sort(), [...backends].sort()];
  return { overrides, backends, digest: digest(JSON.stringify(whole)) };
}

/** One state of one object. */
export function versionOf({ metadata: { uid = '', generation = 1 } }: KubeRoutingOverride): string {
  return `${uid}:${generation}`;
}

function seen(object: KubeRoutingOverride): SeenOverride {
  const { uid = '', annotations } = object.metadata;
  return { uid, title: nameOf(object), effect: effectWords(specOf(object)), by: annotations?.[BY_ANNOTATION] };
}

/** One that names its Service is among the city's only if that is concerned. */
function touches(object: KubeRoutingOverride, city: HeldCity, table: RoutingTable): boolean {
  const spec = specOf(object);
  if (!spec || spec.service !== undefined) return true;
  return membersOf(reachOf(object, spec), table, city.podBehind).length > 0;
}

/** In words, from what a person saw to what there is now; `''` where nothing differs. */
export function whatChanged(before: Sight, after: Sight): string {
  const uids = (sight: Sight) => new Map([...sight.overrides.values()].map((one) => [one.uid, one]));
  const [old, present] = [uids(before), uids(after)];
  const by = ({ by }: SeenOverride) => (by === undefined ? '' : ` by ${by}`);
  const texts: string[] = [];
  for (const [version, one] of after.overrides) {
    if (before.overrides.has(version)) continue;
    const verb = old.has(one.uid) ? 'was changed' : 'was made';
    texts.push(`${one.title} ${verb}${by(one)} (${one.effect})`);
  }
  for (const [uid, one] of old) if (!present.has(uid)) texts.push(`${one.title} (${one.effect}) is gone`);
  const only = (a: ReadonlySet<string>, b: ReadonlySet<string>) => [...a].filter((id) => !b.has(id)).map(addressOf);
  const [lost, won] = [only(before.backends, after.backends), only(after.backends, before.backends)];
  if (lost.length > 0) texts.push(`${some([...new Set(lost)])} can take no new connections any more`);
  if (won.length > 0) texts.push(`${some([...new Set(won)])} can take new connections now`);
  return texts.join('; ');
}

const addressOf = (backendId: string) => backendId.slice(backendId.lastIndexOf('|') + 1);
