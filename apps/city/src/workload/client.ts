import { createSocket } from 'node:dgram';
import { connect, type Socket } from 'node:net';
import type { Call } from './call.ts';
import { get } from './http.ts';
import type { Names } from './messages.ts';
import { between, pause, type Random } from './random.ts';

interface Target {
  readonly address: string;
  readonly port: number;
}

const ANSWER_MILLISECONDS = 5000;
const LOOKUP_MILLISECONDS = 2000;
/** A held connection ends after a while, as those of connection pools do, so that pools follow weights. */
const HELD_SECONDS = { least: 20, most: 60 };
const MESSAGE_MILLISECONDS = { least: 300, most: 1500 };
const RECONNECT_MILLISECONDS = { least: 500, most: 1500 };

/**
 * Makes one call for ever. `names` is asked before each connection, so a Service that moves is followed, and one that
 * does not exist is not called. An address is called as it is written. Failures are the traffic's own: the kernel's tables show them, nobody else has to know.
 */
export function keepCalling(call: Call, names: () => Names, random: Random): void {
  const [address = '', port] = call.callee.split(':');
  const written = port === undefined ? undefined : { address, port: Number(port) };
  const target = () => written ?? names()[call.callee];
  if (call.kind === 'hold') {
    for (let connection = 0; connection < call.connections; connection++) keepHolding(target, random);
    return;
  }
  const once = { http: requestPage, query: askOnce, lookup: lookUp }[call.kind];
  const again = () => {
    setTimeout(
      () => {
        const at = target();
        if (at !== undefined) once(at, random);
        again();
      },
      pause(random, call.perSecond),
    );
  };
  again();
}

function requestPage({ address, port }: Target): void {
  const request = get({ host: address, port, agent: false, timeout: ANSWER_MILLISECONDS }, (response) => {
    response.resume();
  });
  request.on('timeout', () => request.destroy());
  request.on('error', () => {});
}

function askOnce(target: Target, random: Random): void {
  const socket = open(target, () => socket.write(question(random)));
  socket.once('data', () => socket.end());
}

/** A new socket for each question: a fixed source port would hold its backend for ever. */
function lookUp({ address, port }: Target, random: Random): void {
  const socket = createSocket('udp4');
  const giveUp = setTimeout(() => socket.close(), LOOKUP_MILLISECONDS);
  const finish = () => {
    clearTimeout(giveUp);
    socket.close();
  };
  socket.once('message', finish);
  socket.once('error', finish);
  socket.connect(port, address, () => socket.send(question(random)));
}

function keepHolding(target: () => Target | undefined, random: Random): void {
  const again = () => setTimeout(hold, between(random, RECONNECT_MILLISECONDS.least, RECONNECT_MILLISECONDS.most));
  function hold(): void {
    const at = target();
    if (at === undefined) {
      again();
      return;
    }
    let message: NodeJS.Timeout;
    const ask = () => {
      socket.write(question(random));
      message = setTimeout(ask, between(random, MESSAGE_MILLISECONDS.least, MESSAGE_MILLISECONDS.most));
    };
    const socket = open(at, ask);
    socket.resume();
    const life = setTimeout(() => socket.end(), between(random, HELD_SECONDS.least, HELD_SECONDS.most) * 1000);
    socket.once('close', () => {
      clearTimeout(life);
      clearTimeout(message);
      again();
    });
  }
  again();
}

function open({ address, port }: Target, connected: () => void): Socket {
  const socket = connect({ host: address, port, timeout: ANSWER_MILLISECONDS }, connected);
  socket.on('timeout', () => socket.destroy());
  socket.on('error', () => {});
  return socket;
}

const question = (random: Random) => `item ${Math.floor(random() * 100_000)}\n`;
