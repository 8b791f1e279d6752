import type { KubeRoutingOverride } from '@kubecity/routing';
import type { KubeClient } from './client.ts';
import type { KubeErrorCode } from './error.ts';
import { newChangeId, type OverrideChange, recordChange } from './override-change.ts';
import { type WriteOptions, writeOverride } from './override-writer.ts';

/** One write as it was planned (`@kubecity/steering`). */
export interface PlannedChange {
  readonly write: Pick<OverrideChange, 'kind' | 'namespace' | 'name' | 'before'> & {
    readonly verb: 'create' | 'replace' | 'delete';
  };
  /** As it shall be; of a deletion as it is. */
  readonly object: KubeRoutingOverride;
  /** Of a replacement: what there is. */
  readonly previous?: KubeRoutingOverride;
}

export interface CarryOutOptions extends Pick<WriteOptions, 'client' | 'overtaken'> {
  /** Sees every override and tells what was done; `client` when absent. */
  readonly own?: Pick<KubeClient, 'list' | 'create'>;
  readonly who: string;
  readonly how: OverrideChange['how'];
  readonly reason?: string;
  /** The change that this takes back. */
  readonly undoes?: string;
  /** Unix ms. */
  readonly now: () => number;
  /** The id of the change is drawn, and nothing written yet: the watch of whoever writes may be faster than the answer. */
  readonly begins?: (changeId: string) => void;
  /** Written, and not told as an event yet. */
  readonly wrote?: (change: OverrideChange, stored: KubeRoutingOverride | undefined) => void;
}

export interface CarriedOut {
  readonly change: OverrideChange;
  /** Absent of a deletion. */
  readonly stored: KubeRoutingOverride | undefined;
  /** Why it could not be told as an event; what was done is done all the same. */
  readonly untold?: Error;
}

/** Writes one override as a person, and tells it as an event from which it can be taken back. Rejects as `writeOverride`. */
export async function carryOut(
  { write, object, previous }: PlannedChange,
  options: CarryOutOptions,
): Promise<CarriedOut> {
  const { client, own = client, overtaken, who, how, reason, undoes, now } = options;
  const id = newChangeId(now(), how);
  options.begins?.(id);
  const { verb, kind, namespace, name, before } = write;
  const stored = await writeOverride({ verb, object, previous }, { client, observer: own, changeId: id, overtaken });
  const change: OverrideChange = {
    id,
    at: now(),
    who,
    how,
    what: undoes === undefined ? verb : 'undo',
    kind,
    namespace,
    name,
    uid: (stored ?? object).metadata.uid,
    reason,
    before,
    after: stored?.spec,
    of: undoes,
  };
  options.wrote?.(change, stored);
  try {
    await recordChange(own, change);
    return { change, stored };
  } catch (error) {
    return { change, stored, untold: error as Error };
  }
}

/** What an operator is told of an API error: the codes of refusals of @kubecity/protocol. */
export const REFUSAL_OF = {
  'not-found': 'not-found',
  conflict: 'conflict',
  'already-exists': 'conflict',
  gone: 'conflict',
  forbidden: 'forbidden',
  unauthorized: 'unauthenticated',
  invalid: 'invalid-request',
  unreachable: 'api-unavailable',
  unknown: 'api-unavailable',
} as const satisfies Record<KubeErrorCode, string>;
