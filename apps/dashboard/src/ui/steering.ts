import type { Refusal, SteerAnswer, SteerRequest } from '@kubecity/protocol';
import { create } from 'zustand';
import { useCity } from '../live/city-store.ts';
import { steer } from '../live/link.ts';
import { useRewind } from '../live/rewind.ts';

export interface Notice {
  readonly id: number;
  readonly tone: 'done' | 'error';
  readonly title: string;
  readonly detail: string;
}

/** A wish that would leave a Service without any backend; waits for a typed confirmation. */
export interface Question {
  readonly request: SteerRequest;
  /** `namespace/name`. */
  readonly service: string;
  readonly message: string;
}

export interface SteeringStore {
  /** Backend ids with a request under way. */
  readonly pending: ReadonlySet<string>;
  readonly notices: readonly Notice[];
  readonly question?: Question;
}

export const useSteering = create<SteeringStore>(() => ({ pending: new Set(), notices: [] }));

/** What a person can do about each refusal of the hub. */
const ADVICE: Record<Refusal, string> = {
  'protocol-version': 'Reload the page: the dashboard was updated.',
  unauthenticated: 'Sign in again.',
  origin: 'Open the dashboard under its own address.',
  'invalid-message': 'Reload the page and try again.',
  'rate-limited': 'Too many requests at once. Wait a moment and try again.',
  forbidden: 'Ask for the right to write RoutingOverrides in this namespace.',
  'not-found': 'The backend is gone. Look at the list as it is now.',
  conflict: 'Somebody else changed it at the same time. Look at the new state and try again.',
  'would-empty': 'Undrain or reweight another backend first.',
  'invalid-request': 'Check the value and try again.',
  'api-unavailable': 'Nothing was changed on this page’s account. Try again when the Kubernetes API answers.',
};

const LOCKED = 'You are looking at the past. Go back to live to steer.';

/** Why nothing can be steered now; undefined when it can. */
export function useSteeringLock(): string | undefined {
  const past = useCity((state) => state.moment !== undefined);
  const wanted = useRewind((state) => state.wanted !== undefined);
  return past || wanted ? LOCKED : undefined;
}

/** Sends a wish and tells how it went. True when the hub wrote it. */
export async function wish(request: SteerRequest, service: string): Promise<boolean> {
  if (useCity.getState().moment) {
    // A slider that was still held, or a question that stood open, when the map was rewound.
    notify({ tone: 'error', title: LOCKED, detail: '' });
    return false;
  }
  setPending(request.backend, true);
  const answer = await steer(request);
  setPending(request.backend, false);
  if (answer.ok) {
    notify({ tone: 'done', title: answer.message, detail: '' });
    return true;
  }
  if (answer.code === 'would-empty' && request.action !== 'undrain' && !request.allowEmpty) {
    useSteering.setState({ question: { request, service, message: answer.message } });
    return false;
  }
  notifyRefusal(answer);
  return false;
}

/** The person typed the Service's name: the same wish once more, with `allowEmpty`. */
export function confirmQuestion(): void {
  const { question } = useSteering.getState();
  dismissQuestion();
  if (!question || question.request.action === 'undrain') return;
  void wish({ ...question.request, allowEmpty: true }, question.service);
}

export const dismissQuestion = (): void => useSteering.setState({ question: undefined });

function notifyRefusal(answer: SteerAnswer & { ok: false }): void {
  notify({ tone: 'error', title: answer.message, detail: ADVICE[answer.code] });
}

let lastNotice = 0;
export function notify(notice: Omit<Notice, 'id'>): void {
  lastNotice += 1;
  const added = { ...notice, id: lastNotice };
  // Four fit beside the map; older ones have been read or will not be.
  useSteering.setState(({ notices }) => ({ notices: [...notices, added].slice(-4) }));
}

export const dismissNotice = (id: number): void =>
  useSteering.setState(({ notices }) => ({ notices: notices.filter((notice) => notice.id !== id) }));

function setPending(backend: string, on: boolean): void {
  useSteering.setState(({ pending }) => {
    const next = new Set(pending);
    if (on) next.add(backend);
    else next.delete(backend);
    return { pending: next };
  });
}
