// push PORT: a TCP server that speaks first and goes on speaking; prints "ready" when it listens, and what ended a connection.
// hear ADDRESS PORT: connects and only listens; prints "open" with the first bytes.
import net from 'node:net';

const [role, ...words] = process.argv.slice(2);
const EVERY_MS = 50;

if (role === 'push') {
  const server = net.createServer((socket) => {
    const timer = setInterval(() => socket.write('.'), EVERY_MS);
    socket.on('error', ({ code }) => console.log(code));
    socket.on('close', () => clearInterval(timer));
  });
  server.listen(Number(words[0]), '::', () => console.log('ready'));
} else {
  const [host, port] = words;
  const socket = net.connect({ host, port: Number(port) });
  socket.once('data', () => console.log('open'));
  socket.on('data', () => undefined);
  socket.on('error', ({ code }) => console.log(code));
}
