import { randomUUID } from 'node:crypto';
import {
  type BrowserToHub,
  type HubToBrowser,
  type Interest,
  type MapAnswer,
  mapQuestion,
  type SteerAnswer,
  type SteerRequest,
  steerRequest,
} from '@kubecity/protocol';
import type { Logger } from 'pino';
import type { Namespace } from 'socket.io';
import { firstFault } from './agents-door.ts';
import { type AnswerMap, refusal } from './map-questions.ts';
import { type CityMoment, Reader } from './map-reader.ts';
import type { HubMetrics } from './metrics.ts';
import { RateLimit } from './rate-limit.ts';
import type { ChangedKeys } from './record-store.ts';
import { RefusedPeer } from './refusal.ts';

export type MapNamespace = Namespace<BrowserToHub, HubToBrowser>;

export interface MapDoorOptions {
  readonly moment: CityMoment;
  readonly steer: (request: SteerRequest) => Promise<SteerAnswer>;
  readonly answer: AnswerMap;
  /** What all readers together look at, before each round of frames. */
  readonly lookedAt: (interest: Interest) => void;
  readonly log: Logger;
  readonly metrics: HubMetrics;
  readonly now: () => number;
}

export interface MapDoor {
  /**
   * Sends every reader that can take it what it lacks.
   * @param at the moment of all figures (Unix ms)
   */
  send(changed: ChangedKeys, at: number): void;
}

/** A pointer that drags a weight sends a few a second; a snapshot is dear. */
const STEERS = { perSecond: 5, burst: 10 };
const RESYNCS = { perSecond: 0.2, burst: 3 };
/** A hand on the time line asks for a moment a few times a second. */
const QUESTIONS = { perSecond: 5, burst: 20 };
const MOST_QUESTIONS_OPEN = 4;
const MOST_READERS = 200;
/** Between the pieces of a snapshot. */
const PAUSE_MS = 1;
/** So many keys a reader may lack in any city, however small. */
const LEAST_KEYS = 1000;
/** As many as an agent takes; whoever looks at more looks at all. */
const MOST_LOOKED_AT = 10_000;

export function openMapDoor(namespace: MapNamespace, options: MapDoorOptions): MapDoor {
  const { moment, log, metrics, now } = options;
  const { store, shown } = moment;
  const epoch = randomUUID();
  const readers = new Map<string, Reader>();

  namespace.use((_socket, next) => {
    if (readers.size < MOST_READERS) return next();
    metrics.refused.inc({ door: 'map', code: 'rate-limited' });
    next(new RefusedPeer('rate-limited', `the dashboard already has ${MOST_READERS} readers`));
  });

  namespace.on('connection', (socket) => {
    // A snapshot shows changes that were not taken yet. Were they undone before the next frame, no frame would tell.
    spread(store.take());
    const reader = new Reader(socket);
    readers.set(socket.id, reader);
    metrics.readers.set(readers.size);
    sendTo(reader, shown.moment || now());

    socket.on('look', (raw: unknown) => reader.wish(raw));
    const resyncs = new RateLimit(RESYNCS.perSecond, RESYNCS.burst);
    socket.on('resync', () => {
      if (resyncs.admit(now())) reader.lackEverything();
    });
    const steers = new RateLimit(STEERS.perSecond, STEERS.burst);
    socket.on('steer', (raw: unknown, answer: unknown) => {
      if (typeof answer !== 'function') return; // nobody waits for a word, so nothing is done in silence
      void (async () => answer(await steer(raw, steers.admit(now()))))();
    });
    const questions = new RateLimit(QUESTIONS.perSecond, QUESTIONS.burst);
    let open = 0;
    socket.on('ask', (raw: unknown, answer: unknown) => {
      if (typeof answer !== 'function') return;
      const admitted = open < MOST_QUESTIONS_OPEN && questions.admit(now());
      open += 1;
      void (async () => {
        answer(await ask(raw, admitted));
        open -= 1;
      })();
    });
    socket.on('disconnect', () => {
      readers.delete(socket.id);
      metrics.readers.set(readers.size);
    });
  });

  async function ask(raw: unknown, admitted: boolean): Promise<MapAnswer> {
    if (!admitted) return refusal('rate-limited', 'Too many questions at once. Wait a moment.');
    const parsed = mapQuestion.safeParse(raw);
    if (!parsed.success) return refusal('invalid-message', firstFault(parsed.error));
    const answer = await options.answer(parsed.data);
    metrics.questions.inc({ kind: parsed.data.kind, code: answer.kind === 'refused' ? answer.code : 'ok' });
    return answer;
  }

  async function steer(raw: unknown, admitted: boolean): Promise<SteerAnswer> {
    if (!admitted) return { ok: false, code: 'rate-limited', message: 'Too many requests at once. Wait a moment.' };
    const parsed = steerRequest.safeParse(raw);
    if (!parsed.success) return { ok: false, code: 'invalid-message', message: firstFault(parsed.error) };
    const answer = await options.steer(parsed.data);
    metrics.steers.inc({ action: parsed.data.action, code: answer.ok ? 'ok' : answer.code });
    log.info({ request: parsed.data, answer }, 'steer');
    return answer;
  }

  /** Marks what every reader lacks. */
  function spread(changed: ChangedKeys): void {
    const records = store.counts().reduce((sum, [, count]) => sum + count, 0);
    const most = Math.max(LEAST_KEYS, records);
    for (const reader of readers.values()) reader.lack(changed, most);
  }

  function sendTo(reader: Reader, at: number): void {
    reader.send(moment, epoch, at);
    if (reader.waits) goOn();
  }

  /** Frames that follow others at once: with a pause, so that agents and other readers have their turns between. */
  let goesOn = false;
  function goOn(): void {
    if (goesOn) return;
    goesOn = true;
    setTimeout(() => {
      goesOn = false;
      spread(store.take());
      for (const reader of readers.values()) {
        if (!reader.waits) continue;
        if (reader.ready) sendTo(reader, shown.moment || now());
        else goOn();
      }
    }, PAUSE_MS);
  }

  /** Takes what readers wish to see, and tells what that is together. */
  function lookAround(): void {
    for (const reader of readers.values()) {
      if (!reader.takeWish()) metrics.refused.inc({ door: 'map', code: 'invalid-message' });
    }
    options.lookedAt(together([...readers.values()].map(({ services }) => services)));
  }

  return {
    send(changed, at) {
      lookAround();
      spread(changed);
      for (const reader of readers.values()) {
        if (reader.ready) sendTo(reader, at);
        else metrics.heldFrames.inc();
      }
    },
  };
}

function together(looks: readonly (ReadonlySet<string> | 'all')[]): Interest {
  const services = new Set<string>();
  for (const look of looks) {
    if (look === 'all') return { services: 'all' };
    for (const name of look) services.add(name);
  }
  return services.size > MOST_LOOKED_AT ? { services: 'all' } : { services: [...services].sort() };
}
