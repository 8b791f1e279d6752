import {
  ASK_TIMEOUT_MS,
  type BrowserToHub,
  type HubToBrowser,
  type Look,
  type MapAnswer,
  type MapQuestion,
  type SteerAnswer,
  type SteerRequest,
} from '@kubecity/protocol';
import { io, type Socket } from 'socket.io-client';
import { takeFrame } from '../city/city.ts';
import { parseFrame } from '../city/parse.ts';
import { parseAnswer } from '../city/parse-answer.ts';
import { showCity, useCity } from './city-store.ts';

/** The page's one connection to the hub: namespace `/map` of the origin it was loaded from. */
let socket: Socket<HubToBrowser, BrowserToHub> | undefined;

/** Longest wait for the hub's answer to a steer request, milliseconds. */
const STEER_TIMEOUT = 15_000;
/** To a question; the hub itself waits that long for its agents. */
const ASK_TIMEOUT = ASK_TIMEOUT_MS + 5_000;

export function openLink(): () => void {
  const opened: Socket<HubToBrowser, BrowserToHub> = io('/map', { reconnectionDelayMax: 5000 });
  socket = opened;
  opened.on('connect', () => {
    useCity.setState({ link: 'live', heardAt: performance.now() });
    // A new connection shows all until it is told.
    if (useCity.getState().only !== undefined) opened.emit('look', lookOf(useCity.getState().only));
  });
  opened.on('disconnect', () => useCity.setState(({ link }) => ({ link: link === 'foreign' ? link : 'reconnecting' })));
  opened.on('connect_error', () =>
    useCity.setState(({ arrived }) => ({ link: arrived ? 'reconnecting' : 'connecting' })),
  );
  opened.on('city', (message) => take(opened, message));
  const looking = useCity.subscribe(({ only }, before) => {
    if (only !== before.only && opened.connected) opened.emit('look', lookOf(only));
  });
  return () => {
    looking();
    opened.close();
    if (socket === opened) socket = undefined;
  };
}

const lookOf = (only: string | undefined): Look => ({ services: only === undefined ? 'all' : [only] });

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
  const taken = takeFrame(useCity.getState().stream, parsed.frame);
  if (taken.outcome === 'gap') {
    resync(from);
    return;
  }
  showCity({
    stream: taken.stream,
    arrived: useCity.getState().arrived || taken.stream.arriving === undefined,
    heardAt: performance.now(),
    link: 'live',
    fault: undefined,
  });
}

/** A broken hub could make every frame a gap: at most one request for a snapshot every two seconds. */
let askedAt = Number.NEGATIVE_INFINITY;
function resync(from: Socket<HubToBrowser, BrowserToHub>): void {
  if (performance.now() - askedAt < 2000) return;
  askedAt = performance.now();
  from.emit('resync');
}

const NOT_CONNECTED = 'This page is not connected to the dashboard.';

/** Sends one wish and waits for the hub's word. Never rejects: a lost answer is an answer of its own. */
export async function steer(request: SteerRequest): Promise<SteerAnswer> {
  if (!socket?.connected) return { ok: false, code: 'api-unavailable', message: NOT_CONNECTED };
  try {
    return await socket.timeout(STEER_TIMEOUT).emitWithAck('steer', request);
  } catch {
    // socket.io rejects for one reason only: no answer within the time.
    const message = 'The dashboard did not answer in time. Whether the wish was written will show here.';
    return { ok: false, code: 'api-unavailable', message };
  }
}

/** Asks one question. Never rejects: no answer, or one that is none, is a refusal that says so. */
export async function ask(question: MapQuestion): Promise<MapAnswer> {
  if (!socket?.connected) return { kind: 'refused', code: 'api-unavailable', message: NOT_CONNECTED };
  try {
    return parseAnswer(await socket.timeout(ASK_TIMEOUT).emitWithAck('ask', question));
  } catch {
    // As with `steer`: only the time can run out.
    return { kind: 'refused', code: 'api-unavailable', message: 'The dashboard did not answer in time.' };
  }
}
