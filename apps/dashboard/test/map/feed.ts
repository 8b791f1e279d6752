import { createServer } from 'node:http';
import path from 'node:path';
import {
  type BrowserToHub,
  type CityEdges,
  type CityOp,
  type EdgeName,
  type HubToBrowser,
  type Look,
  PROTOCOL_VERSION,
  type Session,
  type SteerAnswer,
  type SteerRequest,
  steerRequest,
} from '@kubecity/protocol';
import next from 'next';
import { Server } from 'socket.io';
import { pages } from '../../server/pages.ts';
import { EdgeTeller } from './edge-teller.ts';
import { largeToy, TOP } from './large-toy.ts';
import { answerOf } from './toy-answers.ts';
import { type ToyCity, toyCity } from './toy-city.ts';

export const ADMIN: Session = { user: 'local admin', groups: [], how: 'local', maySteer: 'all' };
/** Reads everything, steers in `data` only. */
export const VIEWER: Session = { user: 'vera@shop.example', groups: ['viewers'], how: 'token', maySteer: ['data'] };
/** What nobody looks at closely is told within so many frames, as the hub does. */
const SLOW_FRAMES = 10;

/** The page with a seeded city behind it, over the real protocol and under the real security headers: to look at it. */
export interface Feed {
  readonly url: string;
  readonly city: ToyCity;
  /** Frames say from now on that they are of this version of the protocol. */
  speak(protocol: number): void;
  /** Cuts every connection, as a hub that is started anew; pages may come back. */
  hangUp(): void;
  /** The next wish that is no dry run is lost on its way, and its connection with it. */
  loseWish(): void;
  /** Signs every page in as somebody else. */
  enter(session: Session): void;
  close(): Promise<void>;
}

export async function openFeed(options: {
  readonly port: number;
  readonly seed?: number;
  readonly prepared?: boolean;
  /** Another city than the toy. */
  readonly city?: ToyCity;
}): Promise<Feed> {
  const city = options.city ?? toyCity(options.seed ?? 11);
  if (!options.city && (options.prepared ?? true)) prepare(city);
  const app = next({ dir: path.join(import.meta.dirname, '../..'), dev: false });
  await app.prepare();
  const render = app.getRequestHandler();
  const http = createServer(pages({ hub: () => undefined, render, dev: false }));
  const sockets = new Server<BrowserToHub, HubToBrowser>(http, { serveClient: false });
  const map = sockets.of('/map');
  let session = ADMIN;
  let protocol = PROTOCOL_VERSION;
  let losesWish = false;
  map.on('connection', (socket) => {
    socket.emit('session', { state: 'session', session });
    const epoch = `${Date.now()}-${socket.id}`;
    const teller = new EdgeTeller();
    let seq = -1;
    let looked: Look = { services: 'all' };
    const isClose = ({ service }: EdgeName) => looked.services === 'all' || looked.services.includes(service);
    const shown = (at: number) => city.edges(at).filter(([name]) => isClose(name) || looked.others === 'slow');
    const isDue = (name: EdgeName, i: number) => isClose(name) || i % SLOW_FRAMES === seq % SLOW_FRAMES;
    const send = (ops: readonly CityOp[], edges: CityEdges) => {
      seq += 1;
      socket.emit('city', { protocol, epoch, seq, at: Date.now(), ops, edges });
    };
    const begin = () => send(city.snapshot(Date.now()), teller.reset(shown(Date.now())));
    const goOn = () => send(city.advance(Date.now()), teller.tell(shown(Date.now()), isDue));
    begin();
    const beat = setInterval(goOn, 1000);
    socket.on('resync', begin);
    socket.on('look', (look) => {
      looked = look;
      goOn();
    });
    socket.on('ask', (question, answer) => answer(answerOf(city, question, Date.now())));
    socket.on('steer', (request, answer) => {
      if (losesWish && !request.dryRun) {
        losesWish = false;
        socket.conn.close();
        return;
      }
      answer(steer(city, request, session));
      goOn();
    });
    socket.on('disconnect', () => clearInterval(beat));
  });
  await new Promise<void>((listening) => http.listen(options.port, '127.0.0.1', listening));
  const { port } = http.address() as { port: number };
  const speak = (version: number) => {
    protocol = version as typeof PROTOCOL_VERSION;
  };
  const hangUp = () => {
    for (const socket of map.sockets.values()) socket.conn.close();
  };
  const loseWish = () => {
    losesWish = true;
  };
  const enter = (other: Session) => {
    session = other;
    map.emit('session', { state: 'session', session });
  };
  const close = async () => {
    await sockets.close();
    await app.close();
  };
  return { url: `http://127.0.0.1:${port}`, city, speak, hangUp, loseWish, enter, close };
}

/** One backend drains, one has another weight: the states a person should be able to tell. */
function prepare(city: ToyCity): void {
  const now = Date.now();
  const ids = city.snapshot(now).flatMap((op) => (op[0] === 'set' && op[1] === 'backend' ? [op[2]] : []));
  const of = (service: string) => ids.filter((id) => id.startsWith(`${service}:`));
  city.weigh(of('shop/checkout')[2] as string, 30, now - 9 * 60_000);
  city.drain(of('shop/checkout')[3] as string, now - 20_000);
  city.weigh(of('shop/catalog')[1] as string, 220, now - 16 * 60_000);
}

function steer(city: ToyCity, message: SteerRequest, session: Session): SteerAnswer {
  const parsed = steerRequest.safeParse(message);
  if (!parsed.success) return { ok: false, code: 'invalid-message', message: 'Not a steer request.' };
  // The page shows no control where the right is missing: who asks all the same is told so.
  if (session.maySteer !== 'all')
    return { ok: false, code: 'forbidden', message: `${session.user} may not steer here.` };
  return city.steer(parsed.data, Date.now(), session.user);
}

// Run by hand: `node test/map/feed.ts 4100 [silent | large]` and open the address.
if (import.meta.main) {
  const city = process.argv[3] === 'large' ? largeToy(TOP) : undefined;
  const feed = await openFeed({ port: Number(process.argv[2] ?? 4100), city });
  if (process.argv[3] === 'silent') feed.city.silence('node-d', true);
  process.stdout.write(`${feed.url}\n`);
  process.once('SIGINT', () => void feed.close().then(() => process.exit(0)));
}
