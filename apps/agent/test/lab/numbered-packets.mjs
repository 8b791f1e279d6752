// send ADDRESS PORT MILLISECONDS: one numbered datagram each so many milliseconds; a line in ends it, its count comes out.
// receive PORT: on each line in, what has come since the line before: {"count", "missing", "sources"}; missing are numbers between the first and the last.
import dgram from 'node:dgram';
import { createInterface } from 'node:readline';

const [role, ...words] = process.argv.slice(2);
const lines = createInterface({ input: process.stdin });

if (role === 'send') {
  const [address, port, every] = words;
  const socket = dgram.createSocket(address.includes(':') ? 'udp6' : 'udp4');
  let number = 0;
  // a route that is missing for a moment is an error of one datagram, which is counted as lost by who does not get it
  const send = () => socket.send(String(number++), Number(port), address, () => {});
  const timer = setInterval(send, Number(every));
  lines.once('line', () => {
    clearInterval(timer);
    // Linger for the last ones to leave.
    setTimeout(() => {
      console.log(number);
      process.exit();
    }, 50);
  });
} else {
  const [port] = words;
  let numbers = [];
  let sources = new Set();
  // As much as a socket may keep: who looks away for a moment misses nothing.
  const socket = dgram.createSocket({ type: 'udp6', recvBufferSize: 4 << 20 });
  socket.on('message', (text, from) => {
    numbers.push(Number(String(text)));
    sources.add(from.address.replace('::ffff:', ''));
  });
  socket.bind(Number(port), () => console.log('ready'));
  for await (const _line of lines) {
    const seen = new Set(numbers);
    const [first, last] = [Math.min(...numbers), Math.max(...numbers)];
    const missing = numbers.length === 0 ? 0 : last - first + 1 - seen.size;
    console.log(
      JSON.stringify({
        count: seen.size,
        missing,
        last: numbers.length === 0 ? null : last,
        sources: [...sources].sort(),
      }),
    );
    numbers = [];
    sources = new Set();
  }
}
