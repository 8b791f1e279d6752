import type { CityRecord, PolicyDirection } from '@kubecity/protocol';
import type { City } from './city.ts';
import { remembered } from './remembered.ts';
import type { Stand } from './services.ts';

type Pod = Pick<CityRecord<'pod'>, 'gates'>;

/** In which directions policies close a pod; undefined where it is open or nobody knows. */
export type Closed = 'in' | 'out' | 'both';

export function closedOf(pod: Pod | undefined): Closed | undefined {
  const { ingress, egress } = pod?.gates ?? {};
  return ingress ? (egress ? 'both' : 'in') : egress && 'out';
}

/** Whether any pod of the city is closed: where none is, nothing has to be looked for. */
export const hasGates = ({ pod, refusal }: Pick<City, 'pod' | 'refusal'>): boolean =>
  refusal.size > 0 || someClosed(pod);

const someClosed = remembered((pods: City['pod']): boolean => {
  for (const pod of pods.values()) if (closedOf(pod)) return true;
  return false;
});

/** Who comes to a Service meets a gate at every one of its backends. */
export function isBarred(pods: City['pod'], stands: readonly Stand[]): boolean {
  return (
    stands.length > 0 &&
    stands.every(({ podUid }) => podUid !== undefined && pods.get(podUid)?.gates?.ingress !== undefined)
  );
}

/** The policies that close any of these pods in a direction. */
export function closersOf(pods: Iterable<Pod | undefined>, direction: PolicyDirection): readonly string[] {
  const found = new Set<string>();
  for (const pod of pods) for (const policy of pod?.gates?.[direction] ?? []) found.add(policy);
  return [...found].sort();
}

/** Pods that a policy closes, by name. */
export function podsOfPolicy({ pod }: Pick<City, 'pod'>, policy: string): readonly CityRecord<'pod'>[] {
  return [...pod.values()]
    .filter(({ gates }) => gates?.ingress?.includes(policy) || gates?.egress?.includes(policy))
    .sort((a, b) => a.name.localeCompare(b.name));
}

const WORDS: Readonly<Record<Closed, string>> = {
  in: 'closed by policy to who comes',
  out: 'closed by policy to where it goes',
  both: 'closed by policy both ways',
};
export const closedWords = (closed: Closed): string => WORDS[closed];
