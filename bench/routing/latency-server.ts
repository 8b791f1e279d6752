/** Child of the latency lab: takes connections on port 8080 of every address it has, and says when it is there. */
import { createServer } from 'node:net';

const server = createServer((socket) => socket.on('error', () => socket.destroy()));
server.listen(8080, '0.0.0.0', () => process.stdout.write('ready\n'));
