// Answers each line (TCP) or datagram (UDP) with "<own name> <client address>".
import dgram from 'node:dgram';
import net from 'node:net';

const [name, port] = process.argv.slice(2);
const tcp = net.createServer((socket) => {
  socket.on('error', () => socket.destroy()); // a client that resets is the client's business
  socket.on('data', () => socket.write(`${name} ${socket.remoteAddress}\n`));
});
const udp = dgram.createSocket('udp4', (_message, from) =>
  udp.send(`${name} ${from.address}`, from.port, from.address),
);
udp.bind(Number(port), () => tcp.listen(Number(port), '0.0.0.0', () => console.log('ready')));
