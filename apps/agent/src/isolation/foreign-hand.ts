import type { IsolationUpdate, SetWork } from '@kubecity/isolation';
import type { Transaction } from '@kubecity/ruleset';

/** What differs though nobody wished to change it since the last success. */
export function foreignHand(
  rules: Transaction,
  sets: SetWork,
  own: IsolationUpdate,
  doomed: ReadonlySet<string>,
): string | undefined {
  const { write = [], remove = [], addJumps = [], removeJumps = [] } = rules.tables.filter ?? {};
  const chain = [...write.map((each) => each.chain), ...remove].find((name) => !own.chains.filter.has(name));
  if (chain !== undefined) return `filter: chain ${chain} is not as it was left`;
  const [jump] = [...addJumps, ...removeJumps];
  if (jump !== undefined) return `filter: jump is missing, overtaken or stands twice: ${jump}`;
  const created = new Set(own.sets.create.map(({ name }) => name));
  const gone = sets.create.find(({ name }) => !created.has(name));
  if (gone) return `set ${gone.name} is missing`;
  const moved = [...sets.change.keys()].find((name) => !created.has(name) && !own.sets.change.has(name));
  if (moved !== undefined) return `set ${moved} has other members than it was given`;
  const left = sets.destroy.find((name) => !doomed.has(name) && !own.sets.destroy.includes(name));
  return left === undefined ? undefined : `set ${left} is not wanted`;
}
