import { floorOf, type KubeRoutingOverride } from '@kubecity/routing';
import type { Ground } from './ground.ts';
import { namedBy, tableWith } from './ground.ts';
import { asStored, type Judgement, judge, sameObject } from './judge.ts';
import { type SteerPlan, SteerRefusal, type UnconfirmedPlan, type Write } from './plan.ts';
import { shareTables } from './share-tables.ts';
import { covers, idOf, nameOf, some, specOf } from './words.ts';

/** What is asked for holds already: nothing is written. */
export function nothing({ sight }: Ground, message: string, holder?: KubeRoutingOverride): SteerPlan {
  return {
    writes: [],
    ...(holder && { override: idOf(holder) }),
    message,
    remarks: [],
    tables: [],
    truncated: false,
    seen: sight.digest,
    sight,
  };
}

/**
 * A write with all that follows from it.
 * @throws SteerRefusal would-empty (with the plan, to be confirmed), conflict, invalid-request
 */
export function settle(
  write: Write,
  ground: Ground,
  { allowEmpty, message, remarks = [] }: { allowEmpty?: boolean; message: string; remarks?: readonly string[] },
): SteerPlan {
  const judgement = judge(write, ground);
  const { sight } = ground;
  if (judgement.idle !== undefined) {
    throw new SteerRefusal('invalid-request', `This would have no effect: ${judgement.idle}.`, { sight });
  }
  const waits = waiting(write, judgement, ground);
  const plan = planned(write, ground, judgement, [...remarks, ...waits, ...judgement.remarks]);
  if (judgement.floored.length > 0 && !allowEmpty) {
    const confirmed = write.write.verb === 'delete' ? plan : { ...plan, writes: [permitted(write)] };
    const message = [floorWords(judgement.floored, write, ground), ...judgement.lifts].join(' ');
    throw new SteerRefusal('would-empty', message, { plan: confirmed });
  }
  return { ...plan, message };
}

function planned(write: Write, ground: Ground, { after }: Judgement, remarks: readonly string[]): UnconfirmedPlan {
  const concerned = new Set(namedBy(write.object, ground).map(({ port }) => port.id));
  return {
    writes: [write],
    override: idOf(write.object),
    remarks,
    ...shareTables(ground.table, after, concerned),
    seen: ground.sight.digest,
    sight: ground.sight,
  };
}

/** As it would be written once a person has permitted it. */
function permitted({ write, object }: Write): Write {
  const spec = { ...(object.spec as object), allowEmpty: true };
  return { write: { ...write, after: spec }, object: { ...object, spec } };
}

/** A weight under a drain is a wish for afterwards; under a younger weight it would never count. @throws SteerRefusal */
function waiting({ object }: Write, { overruledBy }: Judgement, { sight }: Ground): string[] {
  if (!overruledBy) return [];
  const title = nameOf(overruledBy);
  const [mine, theirs] = [specOf(object), specOf(overruledBy)];
  if (theirs?.drain && !mine?.drain) return [`It counts once ${title} is gone, which drains it now.`];
  const why =
    mine?.share !== undefined && theirs?.weight !== undefined ? 'sets weights, which go before a share' : 'is younger';
  throw new SteerRefusal('conflict', `${title} (${covers(overruledBy)}) holds it and ${why}. Change or release that.`, {
    sight,
  });
}

/** How many backends would be left if nobody were lifted for the floor. */
function floorWords(services: readonly string[], { object, write }: Write, ground: Ground): string {
  const others = ground.city.overrides.filter((other) => !sameObject(other, object));
  const wished = write.verb === 'delete' ? [] : [asStored(object, ground.city.now)];
  const freed = [...others, ...wished].map((one) => ({ ...one, spec: { ...(one.spec as object), allowEmpty: true } }));
  const [first = ''] = services;
  const ports = [...tableWith(ground, freed).servicePorts.values()].filter(
    ({ namespace, name }) => `${namespace}/${name}` === first,
  );
  const [worst] = ports.map(floorOf).sort((a, b) => a.active - a.floor - (b.active - b.floor));
  const left = worst?.active ? `with ${worst.active} of at least ${worst.floor} backends` : 'without a backend';
  const more = services.length > 1 ? `, and break the floor of ${some(services.slice(1))}` : '';
  return (
    `This would leave ${first} ${left} for new connections${more}. ` +
    'Bring another backend back first, or permit it (allowEmpty).'
  );
}
