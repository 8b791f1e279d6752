import {
  ASK_TIMEOUT_MS,
  type BrowserToHub,
  type HubToBrowser,
  type MapAnswer,
  type MapQuestion,
  type Refusal,
  type SteerAnswer,
  type SteerRequest,
} from '@kubecity/protocol';
import { io, type Socket, XHR } from 'socket.io-client';
import { type CityStream, NEW_STREAM, takeFrame } from '../city/city.ts';
import { parseFrame } from '../city/parse.ts';
import { parseAnswer } from '../city/parse-answer.ts';
import { parseSteerAnswer } from '../city/parse-steer.ts';
import { clamp } from '../map/geometry.ts';
import { showCity, useCity } from './city-store.ts';
import { EarlyTransport } from './early-socket.ts';
import { LookTeller, lookOf, useLooking } from './looking.ts';
import { takeSession } from './session-store.ts';
import { leaveForLogin } from './sign-in.ts';

/** The page's one connection to the hub: namespace `/map` of the origin it was loaded from. */
let socket: Socket<HubToBrowser, BrowserToHub> | undefined;

/** Longest wait for the hub's answer, milliseconds: it waits that long for its agents, of previews too. */
const ANSWER_TIMEOUT = ASK_TIMEOUT_MS + 5_000;

/** Between two tries of a page that the hub refuses, milliseconds. */
const REFUSED_PAUSE = 5000;

/** Where this page stands in the hub's stream. The store is told of it as often as somebody can see it. */
let stream: CityStream = NEW_STREAM;

export function openLink(): () => void {
  const opened: Socket<HubToBrowser, BrowserToHub> = io('/map', {
    // No round trips before the first frame; what stands between may know only plain requests.
    transports: [EarlyTransport, XHR],
    tryAllTransports: true,
    reconnectionDelayMax: 5000,
  });
  socket = opened;
  const looks = new LookTeller((look) => opened.emit('look', look));
  const look = () => lookOf(useCity.getState().only, useLooking.getState(), document.hidden);
  const lookAnew = () => {
    if (opened.connected) looks.want(look());
  };
  opened.on('connect', () => {
    useCity.setState({ link: 'live', heardAt: performance.now() });
    looks.begin(look());
  });
  opened.on('disconnect', () => {
    looks.close();
    useCity.setState(({ link }) => ({ link: link === 'foreign' ? link : 'reconnecting' }));
  });
  let again: ReturnType<typeof setTimeout> | undefined;
  opened.on('connect_error', (error: Error & { data?: { code?: Refusal } }) => {
    useCity.setState(({ arrived }) => ({
      link: isForbidden(error) ? 'refused' : arrived ? 'reconnecting' : 'connecting',
    }));
    const code = error.data?.code;
    if (code === 'unauthenticated' || code === 'forbidden') return leaveForLogin(code);
    // Whoever was refused is not connected again by the library: the hub may have room, or the cluster, in a while.
    if (!opened.active) again = setTimeout(() => opened.connect(), REFUSED_PAUSE);
  });
  opened.on('session', (change) => {
    if (change.state === 'ended') leaveForLogin(change.why);
    takeSession(change);
  });
  opened.on('city', (message) => take(opened, message));
  const seen = () => {
    lookAnew();
    publish();
  };
  document.addEventListener('visibilitychange', seen);
  const stops = [useCity.subscribe(lookAnew), useLooking.subscribe(lookAnew)];
  return () => {
    document.removeEventListener('visibilitychange', seen);
    for (const stop of stops) stop();
    clearTimeout(again);
    looks.close();
    opened.close();
    if (socket === opened) socket = undefined;
  };
}

/** The hub refuses a socket from another origin with this status, which a browser tells of plain requests only. */
const FORBIDDEN = 403;
const isForbidden = (error: Error): boolean => 'description' in error && error.description === FORBIDDEN;

function take(from: Socket<HubToBrowser, BrowserToHub>, message: unknown): void {
  const parsed = parseFrame(message);
  if (parsed.outcome === 'foreign') {
    useCity.setState({ link: 'foreign' });
    from.close();
    return;
  }
  if (parsed.outcome === 'fault') {
    useCity.setState({ fault: parsed.reason });
    resync(from);
    return;
  }
  const taken = takeFrame(stream, parsed.frame);
  if (taken.outcome === 'gap') {
    resync(from);
    return;
  }
  stream = taken.stream;
  heardAt = performance.now();
  // Until a snapshot is whole, there is nothing new to see.
  if (stream.arriving === undefined) publish();
}

/** `performance.now()` of the last frame that was understood. */
let heardAt = 0;
/** Marks in the browser's performance entries when all of the city had come for the first time. */
const KNOWN = 'kubecity:known';
/**
 * Between two states of the screen, milliseconds: the frames that follow a snapshot come all at once. Making one takes a tenth
 * of the time at most: what follows the first state of a large city waits until that is laid out and drawn.
 */
const PAUSE = { least: 250, most: 2000, times: 9 } as const;
let publishedAt = Number.NEGATIVE_INFINITY;
let pause: number = PAUSE.least;
let waiting: ReturnType<typeof setTimeout> | undefined;

/** Shows where the stream stands: not while nobody sees it, and not twice within the pause. */
function publish(): void {
  clearTimeout(waiting);
  waiting = undefined;
  if (document.hidden || stream.arriving !== undefined || stream === NEW_STREAM) return;
  const left = publishedAt + pause - performance.now();
  if (left > 0) {
    waiting = setTimeout(publish, left);
    return;
  }
  if (publishedAt === Number.NEGATIVE_INFINITY) performance.mark(KNOWN);
  const began = performance.now();
  showCity({ stream, arrived: true, heardAt, fault: undefined });
  publishedAt = performance.now();
  pause = clamp(PAUSE.times * (publishedAt - began), PAUSE.least, PAUSE.most);
}

/** A broken hub could make every frame a gap: at most one request for a snapshot every two seconds. */
let askedAt = Number.NEGATIVE_INFINITY;
function resync(from: Socket<HubToBrowser, BrowserToHub>): void {
  if (performance.now() - askedAt < 2000) return;
  askedAt = performance.now();
  from.emit('resync');
}

export const NOT_CONNECTED = 'This page is not connected to the dashboard.';
export const isConnected = (): boolean => socket?.connected ?? false;

/** Sends one wish and waits for the hub's word. Never rejects: a lost answer is an answer of its own. */
export async function steer(request: SteerRequest): Promise<SteerAnswer> {
  if (!socket?.connected) return { ok: false, code: 'api-unavailable', message: NOT_CONNECTED };
  try {
    return parseSteerAnswer(await socket.timeout(ANSWER_TIMEOUT).emitWithAck('steer', request));
  } catch {
    return {
      ok: false,
      code: 'api-unavailable',
      message: `${unanswered()} Whether the wish was written will show here.`,
    };
  }
}

/** Asks one question. Never rejects: no answer, or one that is none, is a refusal that says so. */
export async function ask(question: MapQuestion): Promise<MapAnswer> {
  if (!socket?.connected) return { kind: 'refused', code: 'api-unavailable', message: NOT_CONNECTED };
  try {
    return parseAnswer(await socket.timeout(ANSWER_TIMEOUT).emitWithAck('ask', question));
  } catch {
    return { kind: 'refused', code: 'api-unavailable', message: unanswered() };
  }
}

/** socket.io rejects for two reasons only: no answer within the time, or no connection to answer over. */
const unanswered = (): string =>
  isConnected() ? 'The dashboard did not answer in time.' : 'The connection was lost before the dashboard answered.';
