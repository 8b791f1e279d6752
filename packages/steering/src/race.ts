import { BY_ANNOTATION, type KubeRoutingOverride } from '@kubecity/routing';
import { groundOf, namedBy } from './ground.ts';
import { held } from './held-city.ts';
import { asStored, judge, sameObject } from './judge.ts';
import type { SteerCity, Write } from './plan.ts';
import { reachOf, servicesOf } from './reach.ts';
import { versionOf } from './sight.ts';
import { effectWords, nameOf, specOf } from './words.ts';

/**
 * Whether somebody was faster with something that this write was not decided on: in words what, undefined = nobody.
 * The overrides are to be those of the very moment of the write, itself among them: of two writers then exactly one, the
 * later, finds the other.
 * @param decidedOn the city that the write was planned on
 * @param then all overrides at the moment of the write
 */
export function overtakenBy(
  { write, object }: Write,
  decidedOn: SteerCity,
  then: readonly KubeRoutingOverride[],
): string | undefined {
  if (write.verb === 'delete') return undefined;
  const before = held(decidedOn);
  const known = new Set(before.overrides.map(versionOf));
  const faster = then.filter((other) => !sameObject(other, object) && !known.has(versionOf(other)));
  const spec = specOf(object);
  if (faster.length === 0 || !spec) return undefined;
  const services = servicesOf(reachOf(object, spec), before.endpointSlices, before.podBehind);
  const others = then.filter((other) => !sameObject(other, object));
  const ground = groundOf({ ...before, overrides: others }, services);
  const mine = new Set(namedBy(object, ground).map(({ port, backend }) => `${port.id} ${backend.address}`));
  const rival = faster.find((other) =>
    namedBy(other, ground).some(({ port, backend }) => mine.has(`${port.id} ${backend.address}`)),
  );
  if (rival) return `${titleOf(rival)} names the same backends`;
  const { floored } = judge({ write, object: asStored(object, before.now) }, ground);
  const [service] = floored;
  if (service === undefined) return undefined;
  return `with ${faster.map(titleOf).join(', ')} the floor of ${service} would be broken`;
}

function titleOf(object: KubeRoutingOverride): string {
  const by = object.metadata.annotations?.[BY_ANNOTATION];
  return `${nameOf(object)} (${effectWords(specOf(object))}${by === undefined ? '' : ` by ${by}`})`;
}
