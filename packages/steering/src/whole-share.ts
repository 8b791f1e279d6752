import type { Aim } from './aim.ts';
import { SteerRefusal } from './plan.ts';
import type { Member } from './reach.ts';
import type { Lasting } from './wish.ts';
import { selectionWords, some } from './words.ts';

/** A share divides with others: of a whole Service there are none. @throws SteerRefusal invalid-request */
export function refuseShareOfAll({ reach, who }: Aim, effect: Lasting): void {
  if (effect.kind !== 'share' || effect.share === 0 || selectionWords(reach.backends) !== '') return;
  const message = `${who}: together they get all of its new connections, whatever the share. Choose one backend, or some of them.`;
  throw new SteerRefusal('invalid-request', message);
}

/** A group that is all there is now may be one of several later: that is no error, but nothing changes yet. */
export function aloneRemarks(effect: Lasting, members: readonly Member[]): string[] {
  if (effect.kind !== 'share' || effect.share === 0) return [];
  const named = new Set(members.map(({ backend }) => backend));
  const alone = members.filter(({ port }) =>
    port.backends.every((one) => named.has(one) || !one.usable || one.weight === 0),
  );
  const services = [...new Set(alone.map(({ port }) => `${port.namespace}/${port.name}`))];
  if (services.length === 0) return [];
  return [
    `No other backend of ${some(services)} takes new connections now: until one does, all of them go there and not ${effect.share} %.`,
  ];
}
