// tcp|udp ADDRESS PORT COUNT: prints a JSON tally of answers. hold ADDRESS PORT: one connection, a line in, a line out.
import dgram from 'node:dgram';
import net from 'node:net';
import { createInterface } from 'node:readline';

const [mode, address, port, count] = process.argv.slice(2);

if (mode === 'hold') {
  const socket = net.connect(Number(port), address);
  socket.on('error', (error) => console.log(error.code));
  socket.pipe(process.stdout);
  for await (const line of createInterface({ input: process.stdin })) socket.write(`${line}\n`);
} else {
  const tally = {};
  const ask = mode === 'udp' ? askUdp : askTcp;
  for (let left = Number(count); left > 0; left -= 20) {
    const answers = await Promise.all(Array.from({ length: Math.min(left, 20) }, ask));
    for (const answer of answers) tally[answer] = (tally[answer] ?? 0) + 1;
  }
  console.log(JSON.stringify(tally));
}

function askTcp() {
  return new Promise((resolve) => {
    const socket = net.connect({ port: Number(port), host: address, timeout: 3000 }, () => socket.write('?\n'));
    const end = (answer) => {
      resolve(answer);
      socket.resetAndDestroy(); // no TIME_WAIT: thousands of connections must not run out of ports
    };
    socket.on('data', (data) => end(String(data).trim()));
    socket.on('timeout', () => end('ETIMEDOUT'));
    socket.on('error', (error) => resolve(error.code));
  });
}

function askUdp() {
  return new Promise((resolve) => {
    const socket = dgram.createSocket('udp4');
    const end = (answer) => {
      clearTimeout(timer);
      socket.close();
      resolve(answer);
    };
    const timer = setTimeout(() => end('ETIMEDOUT'), 3000);
    socket.on('message', (data) => end(String(data)));
    socket.on('error', (error) => end(error.code));
    socket.connect(Number(port), address, () => socket.send('?'));
  });
}
