// ADDRESS PORT COUNT PATIENCE: opens connections, 20 at a time, and resets each at once; prints a JSON tally of what became of them.
import net from 'node:net';

const [address, port, count, patience] = process.argv.slice(2);
const tally = {};
for (let left = Number(count); left > 0; left -= 20) {
  const ends = await Promise.all(Array.from({ length: Math.min(left, 20) }, knock));
  for (const end of ends) tally[end] = (tally[end] ?? 0) + 1;
}
console.log(JSON.stringify(tally));

function knock() {
  return new Promise((resolve) => {
    const socket = net.connect({ port: Number(port), host: address, timeout: Number(patience) });
    socket.on('connect', () => {
      resolve('open');
      socket.resetAndDestroy();
    });
    // One that is not open yet would wait for that before it resets.
    socket.on('timeout', () => {
      resolve('ETIMEDOUT');
      socket.destroy();
    });
    socket.on('error', (error) => resolve(error.code));
  });
}
