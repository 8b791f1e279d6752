// TARGETS (JSON: [{name, protocol, address, port, pauseMs}]): calls each of them over and over, every call a new
// connection. A line in, a line out: "tally": a JSON tally of the calls that have ended since the last one, {"name answer": count};
// "turn": "turned" when every call that is under way has ended; "pause": the same, and none begins until "resume" ("resumed").
import dgram from 'node:dgram';
import net from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as rest } from 'node:timers/promises';

const PATIENCE_MS = 5000;
const WORKERS = 3;
let tally = {};
/** Of each worker, the call that is under way. */
const calls = new Map();
/** Calls begin when it is fulfilled. */
let goAhead = Promise.resolve();
let resume = () => {};

for (const target of JSON.parse(process.argv[2])) {
  for (let i = 0; i < WORKERS; i++) void work(target);
}
for await (const line of createInterface({ input: process.stdin })) {
  if (line === 'turn') {
    await Promise.all(calls.values());
    console.log('turned');
    continue;
  }
  if (line === 'pause') {
    goAhead = new Promise((resolve) => {
      resume = resolve;
    });
    do await rest(1);
    while (calls.size > 0);
    console.log('turned');
    continue;
  }
  if (line === 'resume') {
    resume();
    console.log('resumed');
    continue;
  }
  const told = tally;
  tally = {};
  console.log(JSON.stringify(told));
}

async function work(target) {
  const worker = Symbol(target.name);
  for (;;) {
    await goAhead;
    const call = (target.protocol === 'udp' ? askUdp : askTcp)(target);
    calls.set(worker, call);
    const key = `${target.name} ${await call}`;
    calls.delete(worker);
    tally[key] = (tally[key] ?? 0) + 1;
    await rest(target.pauseMs);
  }
}

function askTcp({ address, port }) {
  return new Promise((resolve) => {
    const socket = net.connect({ port, host: address }, () => socket.write('?\n'));
    socket.setTimeout(PATIENCE_MS);
    const end = (answer) => {
      resolve(answer);
      socket.resetAndDestroy(); // no TIME_WAIT: thousands of connections must not run out of ports
    };
    socket.on('data', (data) => end(String(data).trim()));
    socket.on('timeout', () => end('ETIMEDOUT'));
    socket.on('end', () => end('closed without an answer'));
    socket.on('error', (error) => resolve(error.code));
  });
}

function askUdp({ address, port }) {
  return new Promise((resolve) => {
    const socket = dgram.createSocket('udp4');
    const end = (answer) => {
      clearTimeout(timer);
      socket.close();
      resolve(answer);
    };
    const timer = setTimeout(() => end('ETIMEDOUT'), PATIENCE_MS);
    socket.on('message', (data) => end(String(data)));
    socket.on('error', (error) => end(error.code));
    socket.connect(port, address, () => socket.send('?'));
  });
}
