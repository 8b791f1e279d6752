// FIRST_PORT: a line of JSON in, a line of JSON out, in the order of the questions. Opens connections from ports of its own,
// counted up from FIRST_PORT, so that each is known by its addresses and ports before the kernel sees it. Orders:
//   open   { protocol, from, to: [address, port], count, parallel?, up, down, linger?, group?, patience? }
//          so many connections with one exchange each: `up` bytes there, `down` bytes back. Kept open under `group`, else
//          closed with FIN (`end: "fin"`, waits for the other side) or RST (`end: "reset"`). Answers with a list of
//          { protocol, from, fromPort, to, toPort, outcome, server, sent, received }
//          Without an answer after `patience` ms it is given up; with 0 nobody waits, and it stays half open under `group`.
//   say    { group, up, down, times }: further exchanges on each; the list again, with what was sent and received then
//   chat   { group, up, down, everyMs }, quiet { group }: exchanges again and again until told to stop, each connection as
//          long as it lasts; the list then
//   shut   { group }: FIN, while the other side stays open if it was told to linger
//   close  { group, end }
import dgram from 'node:dgram';
import { once } from 'node:events';
import net from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as rest } from 'node:timers/promises';

const HEADER = 12;
/** Who hears nothing for so long in a chat has lost its connection without being told. */
const MUTE_MS = 20_000;
const groups = new Map();
let nextPort = Number(process.argv[2]);

const orders = {
  async open(order) {
    const { count, parallel = 20, group, end = 'fin' } = order;
    const lines = [];
    while (lines.length < count) {
      const batch = Array.from({ length: Math.min(parallel, count - lines.length) }, () => open(order));
      lines.push(...(await Promise.all(batch)));
    }
    if (group) groups.set(group, { lines });
    else await Promise.all(lines.map((line) => line.close(end)));
    return lines.map(report);
  },
  async say({ group, up, down, times = 1 }) {
    const { lines } = groups.get(group);
    return Promise.all(lines.map((line) => exchanges(line, up, down, times)));
  },
  async chat({ group, up, down, everyMs }) {
    const kept = groups.get(group);
    const stop = new AbortController();
    const before = kept.lines.map(report);
    const talk = async (line) => {
      // A datagram that is lost ends nothing.
      while (!stop.signal.aborted && (line.outcome === 'ok' || line.protocol === 'udp')) {
        const mute = rest(MUTE_MS, 'unanswered', { ref: false });
        const end = line.exchange(up, down).catch(({ code }) => code ?? 'ended');
        const why = await Promise.race([end, mute]);
        if (why !== undefined && line.outcome === 'ok') line.outcome = why;
        await rest(everyMs);
      }
    };
    kept.chat = { stop, before, ended: Promise.all(kept.lines.map(talk)) };
    return [];
  },
  async quiet({ group }) {
    const { lines, chat } = groups.get(group);
    chat.stop.abort();
    await chat.ended;
    return lines.map(report);
  },
  async shut({ group }) {
    for (const line of groups.get(group).lines) line.socket.end();
    return groups.get(group).lines.map(report);
  },
  async close({ group, end = 'fin' }) {
    const { lines } = groups.get(group);
    groups.delete(group);
    await Promise.all(lines.map((line) => line.close(end)));
    return lines.map(report);
  },
};

for await (const text of createInterface({ input: process.stdin })) {
  const order = JSON.parse(text);
  console.log(JSON.stringify(await orders[order.do](order)));
}

async function open(order) {
  const { protocol, from, to, up, down, linger = false, patience = 10_000 } = order;
  const line = {
    protocol,
    ...{ from, fromPort: nextPort, to: to[0], toPort: to[1], linger },
    ...{ outcome: 'ok', server: '', sent: 0, received: 0 },
  };
  nextPort += 1;
  await (protocol === 'tcp' ? openTcp : openUdp)(line, patience);
  if (line.outcome === 'ok') await line.exchange(up, down);
  return line;
}

async function openTcp(line, patience) {
  const socket = net.connect({ host: line.to, port: line.toPort, localAddress: line.from, localPort: line.fromPort });
  line.socket = socket;
  const told = Promise.withResolvers();
  socket.on('connect', () => told.resolve());
  socket.on('error', ({ code }) => {
    line.outcome = code;
    told.resolve();
  });
  socket.setNoDelay(true);
  const giveUp = () => {
    line.outcome = 'unanswered';
    if (patience > 0) socket.destroy();
    told.resolve();
  };
  const timer = setTimeout(giveUp, patience);
  await told.promise;
  clearTimeout(timer);
  line.exchange = async (up, down) => {
    socket.write(request(up, down, line.linger));
    line.sent += up;
    for (let left = down; left > 0; ) {
      const data = socket.read() ?? (await readable(socket));
      if (data === null)
        throw new Error(`${line.from}:${line.fromPort} ended with ${left} bytes to come: ${line.outcome}`);
      if (line.received === 0) line.server = nameIn(data);
      left -= data.length;
      line.received += data.length;
    }
  };
  line.close = async (end) => {
    if (socket.destroyed) return;
    const closed = once(socket, 'close');
    if (end === 'reset') socket.connecting ? socket.destroy() : socket.resetAndDestroy();
    else socket.resume().end();
    await closed;
  };
}

async function readable(socket) {
  const stop = new AbortController();
  try {
    await Promise.race(['readable', 'end', 'close'].map((event) => once(socket, event, { signal: stop.signal })));
  } finally {
    stop.abort();
  }
  return socket.read();
}

async function openUdp(line, patience) {
  const socket = dgram.createSocket(net.isIPv6(line.to) ? 'udp6' : 'udp4');
  line.socket = socket;
  socket.bind(line.fromPort, line.from);
  await once(socket, 'listening');
  socket.connect(line.toPort, line.to);
  await once(socket, 'connect');
  line.exchange = async (up, down) => {
    const answer = once(socket, 'message', { signal: AbortSignal.timeout(patience) });
    socket.send(request(up, down, false));
    line.sent += up;
    try {
      const [data] = await answer;
      if (line.received === 0) line.server = nameIn(data);
      line.received += data.length;
    } catch (error) {
      line.outcome = error.code;
    }
  };
  line.close = async () => socket.close();
}

async function exchanges(line, up, down, times) {
  for (let n = 0; n < times; n += 1) await line.exchange(up, down);
  return report(line);
}

function request(up, down, linger) {
  const bytes = Buffer.alloc(up, '?');
  bytes.writeUInt32BE(up, 0);
  bytes.writeUInt32BE(down, 4);
  bytes.writeUInt32BE(linger ? 1 : 0, 8);
  if (up < HEADER) throw new RangeError(`a request has at least ${HEADER} bytes, not ${up}`);
  return bytes;
}

function nameIn(data) {
  return data.toString('latin1', 0, data.indexOf(10));
}

function report({ protocol, from, fromPort, to, toPort, outcome, server, sent, received }) {
  return { protocol, from, fromPort, to, toPort, outcome, server, sent, received };
}
