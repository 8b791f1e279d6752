import { type SteerAnswer, type SteerRequest, steerRequest } from '@kubecity/protocol';
import type { Logger } from 'pino';
import { firstFault } from './agents-door.ts';
import type { Person } from './auth/person.ts';
import { KeyedLimit } from './keyed-limit.ts';
import type { HubMetrics } from './metrics.ts';

/** Carries out one request as that person. Never rejects: the answer is in words. */
export type Steer = (person: Person, request: SteerRequest) => Promise<SteerAnswer>;

/** What came in, by whichever way, and whose it is. */
export type SteerDoor = (person: Person, raw: unknown) => Promise<SteerAnswer>;

export interface SteerDoorOptions {
  readonly steer: Steer;
  readonly log: Logger;
  readonly metrics: HubMetrics;
  readonly now: () => number;
}

/** Of one person over all their windows: a pointer that drags a weight sends a few a second. */
const STEERS = { perSecond: 5, burst: 10 };

/** The one way in for requests of operators, from sockets and over HTTP alike: bounded, parsed, counted, logged. */
export function steerDoor({ steer, log, metrics, now }: SteerDoorOptions): SteerDoor {
  const limit = new KeyedLimit(STEERS.perSecond, STEERS.burst);
  return async (person, raw) => {
    if (!limit.admit(`${person.how}:${person.user}`, now())) {
      return { ok: false, code: 'rate-limited', message: 'Too many requests at once. Wait a moment.' };
    }
    const parsed = steerRequest.safeParse(raw);
    if (!parsed.success) return { ok: false, code: 'invalid-message', message: firstFault(parsed.error) };
    const request = parsed.data;
    const answer = await steer(person, request);
    metrics.steers.inc({ action: request.action, code: answer.ok ? 'ok' : answer.code });
    const { preview: _large, ...outcome } = answer;
    log.info({ user: person.user, how: person.how, request, answer: outcome }, 'steer');
    return answer;
  };
}
