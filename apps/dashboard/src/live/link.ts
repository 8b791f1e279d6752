import type { BrowserToHub, HubToBrowser, SteerAnswer, SteerRequest } from '@kubecity/protocol';
import { io, type Socket } from 'socket.io-client';
import { takeFrame } from '../city/city.ts';
import { parseFrame } from '../city/parse.ts';
import { surveyCity } from '../city/survey.ts';
import { useCity } from './city-store.ts';

/** The page's one connection to the hub: namespace `/map` of the origin it was loaded from. */
let socket: Socket<HubToBrowser, BrowserToHub> | undefined;

/** Longest wait for the hub's answer to a steer request, milliseconds. */
const STEER_TIMEOUT = 15_000;

export function openLink(): () => void {
  const opened: Socket<HubToBrowser, BrowserToHub> = io('/map', { reconnectionDelayMax: 5000 });
  socket = opened;
  opened.on('connect', () => useCity.setState({ link: 'live', heardAt: performance.now() }));
  opened.on('disconnect', () => useCity.setState(({ link }) => ({ link: link === 'foreign' ? link : 'reconnecting' })));
  opened.on('connect_error', () =>
    useCity.setState(({ arrived }) => ({ link: arrived ? 'reconnecting' : 'connecting' })),
  );
  opened.on('city', (message) => take(opened, message));
  return () => {
    opened.close();
    if (socket === opened) socket = undefined;
  };
}

function take(from: Socket<HubToBrowser, BrowserToHub>, message: unknown): void {
  const parsed = parseFrame(message);
  if (!parsed.frame) {
    useCity.setState({ fault: parsed.reason });
    resync(from);
    return;
  }
  const { stream } = useCity.getState();
  const taken = takeFrame(stream, parsed.frame);
  if (taken.outcome === 'gap') {
    resync(from);
    return;
  }
  if (taken.outcome === 'foreign') {
    useCity.setState({ link: 'foreign' });
    from.close();
    return;
  }
  const changed = taken.stream.city !== stream.city;
  useCity.setState((state) => ({
    stream: taken.stream,
    survey: changed ? surveyCity(taken.stream.city) : state.survey,
    arrived: state.arrived || taken.stream.arriving === undefined,
    heardAt: performance.now(),
    link: 'live',
  }));
}

/** A broken hub could make every frame a gap: at most one request for a snapshot every two seconds. */
let askedAt = Number.NEGATIVE_INFINITY;
function resync(from: Socket<HubToBrowser, BrowserToHub>): void {
  if (performance.now() - askedAt < 2000) return;
  askedAt = performance.now();
  from.emit('resync');
}

/** Sends one wish and waits for the hub's word. Never rejects: a lost answer is an answer of its own. */
export async function steer(request: SteerRequest): Promise<SteerAnswer> {
  if (!socket?.connected) {
    return { ok: false, code: 'api-unavailable', message: 'This page is not connected to the dashboard.' };
  }
  try {
    return await socket.timeout(STEER_TIMEOUT).emitWithAck('steer', request);
  } catch {
    // socket.io rejects for one reason only: no answer within the time.
    const message = 'The dashboard did not answer in time. Whether the wish was written will show here.';
    return { ok: false, code: 'api-unavailable', message };
  }
}
