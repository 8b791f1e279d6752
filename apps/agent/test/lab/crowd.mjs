// A line of JSON in, a line of JSON out. Keeps many connections open, in groups, and tells what becomes of each:
//   open  { group, protocol, address, port, count }  one after the other, each asked once
//   ask   { group }                                  each once more
//   chat  { group, everyMs }, quiet { group }        asked again and again, until told to stop
//   close { group }
// Answers are lists, one of each connection in the order of opening: who answered, `none` after 10 s, or a code.
import dgram from 'node:dgram';
import net from 'node:net';
import { createInterface } from 'node:readline';

const groups = new Map();
const orders = {
  async open({ group, protocol, address, port, count }) {
    const lines = [];
    groups.set(group, { lines });
    const answers = [];
    for (let i = 0; i < count; i += 1) {
      const line = await (protocol === 'udp' ? openUdp : openTcp)(address, port);
      lines.push(line);
      answers.push(await line.ask());
    }
    return answers;
  },
  ask: ({ group }) => Promise.all(groups.get(group).lines.map((line) => line.ask())),
  chat({ group, everyMs }) {
    const kept = groups.get(group);
    kept.timer = setInterval(() => {
      for (const line of kept.lines) line.send();
    }, everyMs);
    return [];
  },
  quiet({ group }) {
    clearInterval(groups.get(group).timer);
    return [];
  },
  close({ group }) {
    for (const line of groups.get(group).lines) line.close();
    groups.delete(group);
    return [];
  },
};

for await (const text of createInterface({ input: process.stdin })) {
  const order = JSON.parse(text);
  console.log(JSON.stringify(await orders[order.do](order)));
}

/** Who answers what is sent; the last answer counts. */
function lineOf(send, close) {
  let tell = () => {};
  let failure;
  return {
    heard: (text) => tell(String(text).trim().split('\n').at(-1).split(' ')[0]),
    failed: (code) => {
      failure = code;
      tell(code);
    },
    send,
    close,
    ask: () =>
      new Promise((resolve) => {
        if (failure) return resolve(failure);
        const timer = setTimeout(() => tell('none'), 10_000);
        tell = (answer) => {
          clearTimeout(timer);
          tell = () => {};
          resolve(answer);
        };
        send();
      }),
  };
}

function openTcp(address, port) {
  return new Promise((resolve) => {
    const socket = net.connect(port, address, () => resolve(line));
    const line = lineOf(
      () => socket.write('?\n'),
      () => socket.resetAndDestroy(),
    );
    socket.on('data', line.heard);
    socket.on('error', ({ code }) => {
      line.failed(code);
      resolve(line);
    });
    socket.on('end', () => line.failed('end'));
  });
}

function openUdp(address, port) {
  return new Promise((resolve) => {
    const socket = dgram.createSocket('udp4');
    const line = lineOf(
      () => socket.send('?'),
      () => socket.close(),
    );
    socket.on('message', line.heard);
    // A datagram that was refused is no end of the socket.
    socket.on('error', () => {});
    socket.connect(port, address, () => resolve(line));
  });
}
