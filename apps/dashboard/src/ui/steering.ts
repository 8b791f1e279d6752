import type { Refusal, SteerAnswer, SteerRequest, SteerTarget } from '@kubecity/protocol';
import { create } from 'zustand';
import { formFrom, type SteerForm } from '../city/steer/form.ts';
import { useCity } from '../live/city-store.ts';
import { steer } from '../live/link.ts';
import { useRewind } from '../live/rewind.ts';
import { maySteer, useSession } from '../live/session-store.ts';
import { notify } from './notices.ts';

export interface SteeringStore {
  /** Targets (`keyOf`) with a request under way. */
  readonly pending: ReadonlySet<string>;
  /** The sheet is open, and begins with these fields. */
  readonly sheet?: SteerForm;
}

export const useSteering = create<SteeringStore>(() => ({ pending: new Set() }));

export const keyOf = (target: SteerTarget): string => JSON.stringify(target);
export const openSheet = (sheet: SteerForm): void => useSteering.setState({ sheet });
export const closeSheet = (): void => useSteering.setState({ sheet: undefined });

/** What a person can do about each refusal of the hub. */
export const ADVICE: Readonly<Record<Refusal, string>> = {
  'protocol-version': 'Reload the page: the dashboard was updated.',
  unauthenticated: 'Sign in again.',
  origin: 'Open the dashboard under its own address.',
  'invalid-message': 'Reload the page and try again.',
  'rate-limited': 'Too many requests at once. Wait a moment and try again.',
  forbidden: 'Ask for the right to write RoutingOverrides there.',
  'not-found': 'It is gone. Look at the list as it is now.',
  conflict: 'Look at the new state and try again.',
  'would-empty': 'Bring another backend back first.',
  'invalid-request': 'Check the value and try again.',
  'api-unavailable': 'Nothing was changed on this page’s account. Try again when the Kubernetes API answers.',
};

const LOCKED = 'You are looking at the past. Go back to live to steer.';

/** Why a namespace (absent: the whole cluster) cannot be steered now; undefined when it can. */
export function lockOf(namespace: string | undefined): string | undefined {
  if (useCity.getState().moment || useRewind.getState().wanted !== undefined) return LOCKED;
  return rightMissing(namespace);
}

function rightMissing(namespace: string | undefined): string | undefined {
  const { session } = useSession.getState();
  if (maySteer(session, namespace)) return undefined;
  if (!session) return 'Who you are is not known yet.';
  const where = namespace === undefined ? 'in the whole cluster' : `in ${namespace}`;
  return `You look as ${session.user}, who may not write RoutingOverrides ${where}.`;
}

export function useSteeringLock(namespace: string | undefined): string | undefined {
  const past = useCity((state) => state.moment !== undefined);
  const wanted = useRewind((state) => state.wanted !== undefined);
  const missing = useSession(() => rightMissing(namespace));
  return past || wanted ? LOCKED : missing;
}

/** Sends a request, marks its target as under way, and tells of the change with the way back. */
export async function send(request: SteerRequest): Promise<SteerAnswer> {
  const key = request.action === 'steer' ? keyOf(request.target) : request.change;
  setPending(key, true);
  const answer = await steer(request);
  setPending(key, false);
  if (answer.ok && !request.dryRun) tell(answer);
  return answer;
}

/**
 * The short way: a wish as it is, without a look at what comes of it. Where a floor would be broken the sheet opens, to see
 * it and to confirm it. True when the hub wrote it.
 */
export async function wish(request: SteerRequest): Promise<boolean> {
  if (useCity.getState().moment) {
    // A slider that was still held when the map was rewound.
    notify({ tone: 'error', title: LOCKED, detail: '' });
    return false;
  }
  const answer = await send(request);
  if (answer.ok) return true;
  const form = answer.code === 'would-empty' ? formFrom(request) : undefined;
  if (form) openSheet(form);
  else notify({ tone: 'error', title: answer.message, detail: ADVICE[answer.code] });
  return false;
}

/** Back to the state before a change; a refusal says why not. */
export const undo = (change: string): Promise<boolean> => wish({ action: 'undo', change });

function tell({ message, remarks, change }: SteerAnswer & { ok: true }): void {
  const offer =
    change === undefined ? undefined : { label: 'Undo', alternative: UNDO_ELSEWHERE, run: () => undo(change) };
  notify({ tone: 'done', title: message, detail: remarks.join(' '), offer });
}

const UNDO_ELSEWHERE = 'Undo it here, in the list of overrides or in the Directory under Changes';

function setPending(key: string, on: boolean): void {
  useSteering.setState(({ pending }) => {
    const next = new Set(pending);
    if (on) next.add(key);
    else next.delete(key);
    return { pending: next };
  });
}
