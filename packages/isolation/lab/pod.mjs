/**
 * One pod of the lab: answers every TCP connection and every datagram on one port (the lab leads all ports there), and tries
 * what it is asked to. Requests and answers are lines of JSON; an answer is `through`, `refused` or what else happened.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { createInterface } from 'node:readline';

const PORT = 7;
/** Longer than any machine needs that is not stuck. */
const PATIENCE_MS = 10_000;

const server = createServer((socket) => {
  socket.on('error', () => socket.destroy());
  socket.write('here');
  socket.pipe(socket);
});
server.listen({ port: PORT, host: '::', backlog: 511 });
const datagrams = ['udp4', 'udp6'].map((type) => {
  const socket = createSocket({ type, ipv6Only: type === 'udp6' });
  socket.on('message', (text, { port, address }) => socket.send(text, port, address));
  // An ICMP error about an answer that nobody waits for any more.
  socket.on('error', () => undefined);
  return socket;
});
await Promise.all([
  once(server, 'listening'),
  ...datagrams.map((socket) => new Promise((done) => socket.bind(PORT, done))),
]);
console.log('ready');

const WORDS = { ECONNREFUSED: 'refused', ECONNRESET: 'refused', EHOSTUNREACH: 'unreachable' };

function tcp({ from, to, port, keep, patience = PATIENCE_MS }) {
  return new Promise((done) => {
    const socket = connect({ host: to, port, localAddress: from });
    socket.setTimeout(patience, () => socket.destroy(new Error('silence')));
    socket.on('data', () => {
      done('through');
      if (keep === undefined) socket.end();
      else kept.set(keep, socket);
    });
    socket.on('error', ({ code, message }) => done(WORDS[code] ?? code ?? message));
    socket.on('close', () => done('closed without a word'));
  });
}

/** Connections that were left open, by the names they were given. */
const kept = new Map();

function say({ on }) {
  return new Promise((done) => {
    const socket = kept.get(on);
    socket.setTimeout(PATIENCE_MS, () => done('silence'));
    socket.once('data', () => done('through'));
    socket.write('again');
  });
}

/**
 * Each datagram has a source port that none had before: with the port of an earlier one it would belong to the same flow, which
 * a node lets through whatever its rules say by now. Below the ports that the kernel gives by itself.
 */
let udpPort = 10_000;

function udp({ from, to, port }) {
  return new Promise((done) => {
    const socket = createSocket(to.includes(':') ? 'udp6' : 'udp4');
    const end = (word) => {
      clearTimeout(silence);
      socket.close();
      done(word);
    };
    const silence = setTimeout(() => end('silence'), PATIENCE_MS);
    socket.once('message', () => end('through'));
    socket.once('error', ({ code }) => end(WORDS[code] ?? code));
    socket.bind(udpPort++, from, () => socket.connect(port, to, () => socket.send('knock')));
  });
}

createInterface({ input: process.stdin })
  .on('line', async (line) => {
    const { id, ...attempt } = JSON.parse(line);
    const act = attempt.on !== undefined ? say : attempt.protocol === 'TCP' ? tcp : udp;
    console.log(JSON.stringify({ id, word: await act(attempt) }));
  })
  .on('close', () => process.exit());
