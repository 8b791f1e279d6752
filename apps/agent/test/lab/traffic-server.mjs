// NAME PORT…: TCP and UDP on each port, both families. A request begins with 12 bytes (see traffic-client.mjs): its length,
// the length of the answer, and 1 for "keep your side open when mine is shut". The answer begins with NAME and a line end.
import dgram from 'node:dgram';
import net from 'node:net';

const [name, ...ports] = process.argv.slice(2);
const HEADER = 12;

for (const port of ports.map(Number)) {
  await new Promise((resolve) => net.createServer({ allowHalfOpen: true }, serve).listen(port, '::', resolve));
  for (const type of ['udp4', 'udp6']) {
    const socket = dgram.createSocket({ type, ipv6Only: type === 'udp6' });
    socket.on('message', (request, from) => socket.send(answer(request.readUInt32BE(4)), from.port, from.address));
    await new Promise((resolve) => socket.bind(port, resolve));
  }
}
console.log('ready');

function serve(socket) {
  let pending = Buffer.alloc(0);
  let lingers = false;
  socket.on('error', () => socket.destroy()); // a client that resets is the client's business
  socket.on('end', () => lingers || socket.end());
  socket.on('data', (data) => {
    pending = pending.length === 0 ? data : Buffer.concat([pending, data]);
    while (pending.length >= HEADER && pending.length >= pending.readUInt32BE(0)) {
      const [up, down] = [pending.readUInt32BE(0), pending.readUInt32BE(4)];
      lingers = pending.readUInt32BE(8) === 1;
      pending = pending.subarray(up);
      socket.write(answer(down));
    }
  });
}

function answer(length) {
  const bytes = Buffer.alloc(length, '.');
  bytes.write(`${name}\n`);
  return bytes;
}
