import { randomUUID } from 'node:crypto';
import { type BrowserToHub, type HubToBrowser, type Interest, type MapAnswer, mapQuestion } from '@kubecity/protocol';
import type { Logger } from 'pino';
import type { DefaultEventsMap, Namespace } from 'socket.io';
import { firstFault } from './agents-door.ts';
import type { Gate } from './auth/gate.ts';
import type { OpenSession } from './auth/session.ts';
import { type AnswerMap, refusal } from './map-questions.ts';
import { type CityMoment, Reader } from './map-reader.ts';
import type { HubMetrics } from './metrics.ts';
import { RateLimit } from './rate-limit.ts';
import type { ChangedKeys } from './record-store.ts';
import { RefusedPeer } from './refusal.ts';
import type { SteerDoor } from './steer-door.ts';

/** Whose connection it is, from the handshake on. */
export interface MapData {
  session: OpenSession;
}
export type MapNamespace = Namespace<BrowserToHub, HubToBrowser, DefaultEventsMap, MapData>;

export interface MapDoorOptions {
  readonly moment: CityMoment;
  readonly gate: Pick<Gate, 'admit'>;
  readonly steer: SteerDoor;
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

/** A snapshot is dear. */
const RESYNCS = { perSecond: 0.2, burst: 3 };
/** A hand on the time line asks for a moment a few times a second. */
const QUESTIONS = { perSecond: 5, burst: 20 };
const MOST_QUESTIONS_OPEN = 4;
const MOST_READERS = 200;
/** Between the pieces of a snapshot, and between those that come behind it: the page draws its first map meanwhile. */
const PAUSE_MS = { arriving: 1, loading: 500 } as const;
/** So many keys a reader may lack in any city, however small. */
const LEAST_KEYS = 1000;
/** As many as an agent takes; whoever looks at more looks at all. */
const MOST_LOOKED_AT = 10_000;

export function openMapDoor(namespace: MapNamespace, options: MapDoorOptions): MapDoor {
  const { moment, gate, steer, log, metrics, now } = options;
  const { store, shown } = moment;
  const epoch = randomUUID();
  const readers = new Map<string, Reader>();

  namespace.use((socket, next) => {
    const refuse = (error: unknown) => {
      if (!(error instanceof RefusedPeer)) log.error({ err: error }, 'a browser could not be let in');
      const refused =
        error instanceof RefusedPeer
          ? error
          : new RefusedPeer('api-unavailable', 'the dashboard failed; its log says why');
      metrics.refused.inc({ door: 'map', code: refused.data.code });
      next(refused);
    };
    if (readers.size >= MOST_READERS) {
      return refuse(new RefusedPeer('rate-limited', `the dashboard already has ${MOST_READERS} readers`));
    }
    gate.admit(socket.request).then(({ session }) => {
      socket.data.session = session;
      next();
    }, refuse);
  });

  namespace.on('connection', (socket) => {
    const { session } = socket.data;
    const leave = session.follow((change) => {
      socket.emit('session', change);
      if (change.state === 'ended') socket.disconnect(true);
    });
    if (session.over) return; // between the handshake and now
    // A snapshot shows changes that were not taken yet. Were they undone before the next frame, no frame would tell.
    spread(store.take());
    const reader = new Reader(socket);
    readers.set(socket.id, reader);
    metrics.readers.set(readers.size);
    sendTo(reader, shown.moment || now());

    socket.on('look', (raw: unknown) => {
      session.used(now());
      reader.wish(raw);
    });
    const resyncs = new RateLimit(RESYNCS.perSecond, RESYNCS.burst);
    socket.on('resync', () => {
      if (resyncs.admit(now())) reader.lackEverything();
    });
    socket.on('steer', (raw: unknown, answer: unknown) => {
      if (typeof answer !== 'function') return; // nobody waits for a word, so nothing is done in silence
      session.used(now());
      void (async () => answer(await steer(session.person, raw)))();
    });
    const questions = new RateLimit(QUESTIONS.perSecond, QUESTIONS.burst);
    let open = 0;
    socket.on('ask', (raw: unknown, answer: unknown) => {
      if (typeof answer !== 'function') return;
      session.used(now());
      const admitted = open < MOST_QUESTIONS_OPEN && questions.admit(now());
      open += 1;
      void (async () => {
        answer(await ask(raw, admitted));
        open -= 1;
      })();
    });
    socket.on('disconnect', () => {
      leave();
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

  /** Marks what every reader lacks. */
  function spread(changed: ChangedKeys): void {
    const records = store.counts().reduce((sum, [, count]) => sum + count, 0);
    const most = Math.max(LEAST_KEYS, records);
    for (const reader of readers.values()) reader.lack(changed, most);
  }

  function sendTo(reader: Reader, at: number): void {
    reader.send(moment, epoch, at);
    if (reader.waits) goOnFor(reader);
  }

  /** Frames that follow others: with a pause, so that agents and other readers have their turns between. */
  const turns = { arriving: false, loading: false };
  function goOnFor(reader: Reader): void {
    const kind = reader.arrives ? 'arriving' : 'loading';
    if (turns[kind]) return;
    turns[kind] = true;
    setTimeout(() => {
      turns[kind] = false;
      spread(store.take());
      for (const waiting of readers.values()) {
        if (!waiting.waits || waiting.arrives !== (kind === 'arriving')) continue;
        if (waiting.hasRoom) sendTo(waiting, shown.moment || now());
        else goOnFor(waiting);
      }
    }, PAUSE_MS[kind]);
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
