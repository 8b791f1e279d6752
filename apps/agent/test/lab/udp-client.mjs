// SOURCE_PORT [SOURCE_ADDRESS]: a line "ADDRESS PORT" in, one datagram from always the same port; its answer out, or `none` after 2 s.
import dgram from 'node:dgram';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const [sourcePort, sourceAddress] = process.argv.slice(2);
const socket = dgram.createSocket('udp4');
socket.bind(Number(sourcePort), sourceAddress);
await once(socket, 'listening');
// An ICMP refusal of one datagram is no end of the socket.
socket.on('error', () => {});
for await (const line of createInterface({ input: process.stdin })) {
  const [address, port] = line.split(' ');
  const answer = new Promise((resolve) => {
    const timer = setTimeout(() => resolve('none'), 2000);
    socket.once('message', (text) => {
      clearTimeout(timer);
      resolve(String(text));
    });
  });
  socket.send('?', Number(port), address);
  console.log(await answer);
  socket.removeAllListeners('message');
}
