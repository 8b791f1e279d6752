import { createSocket } from 'node:dgram';
import { createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createServer as createHttpServer } from './http.ts';
import { between, type Random } from './random.ts';

/** A listening workload. */
export interface Serving {
  /** Resolves when connections are accepted. */
  open(): Promise<void>;
  /** New connections are refused from now on; open ones go on. */
  close(): void;
  /** Ends each open connection at its next pause; resolves when none is left. */
  drain(): Promise<void>;
}

const BODY_BYTES = { least: 200, most: 12_000 };
/** Answers are cut from one block of text: what they say does not matter, how long they are does. */
const text = 'the quick brown fox jumps over the lazy dog. '.repeat(300);

/** Parses `SERVE` (`http:8080`, `lines:5432`, `lookup:5300`). Throws a SyntaxError. */
export function parseServe(serve: string): { kind: 'http' | 'lines' | 'lookup'; port: number } {
  const [, kind, port] = /^(http|lines|lookup):(\d{1,5})$/.exec(serve) ?? [];
  if (kind === 'http' || kind === 'lines' || kind === 'lookup') return { kind, port: Number(port) };
  throw new SyntaxError(`SERVE: "${serve}" is not "http:PORT", "lines:PORT" or "lookup:PORT"`);
}

export function serve({ kind, port }: ReturnType<typeof parseServe>, podName: string, random: Random): Serving {
  if (kind === 'lookup') return serveLookup(port, podName);
  return kind === 'http' ? serveHttp(port, podName, random) : serveLines(port, random);
}

/** The first line of each answer names the pod, so that `curl` shows which backend it got. */
function serveHttp(port: number, podName: string, random: Random): Serving {
  const server = createHttpServer((request, response) => {
    request.resume();
    response.setHeader('content-type', 'text/plain');
    response.end(`${podName}\n${text.slice(0, between(random, BODY_BYTES.least, BODY_BYTES.most))}\n`);
  });
  return {
    ...listening(server, port),
    drain: async () => {
      const closed = server.listening ? new Promise((resolve) => server.once('close', resolve)) : undefined;
      server.close();
      server.closeIdleConnections();
      await closed;
    },
  };
}

/** As a database speaks: a line asks, a line answers, the connection stays. */
function serveLines(port: number, random: Random): Serving {
  const open = new Set<Socket>();
  let draining = false;
  let drained = () => {};
  const server = createTcpServer((socket) => {
    open.add(socket);
    socket.once('close', () => {
      open.delete(socket);
      if (open.size === 0) drained();
    });
    // a client that vanishes is not this server's trouble: 'close' follows and is all there is to do
    socket.on('error', () => {});
    socket.on('data', () => {
      const row = `${text.slice(0, between(random, 40, 2000))}\n`;
      if (draining) socket.end(row);
      else socket.write(row);
    });
  });
  return {
    ...listening(server, port),
    drain: () => {
      draining = true;
      server.close();
      const { promise, resolve } = Promise.withResolvers<void>();
      drained = resolve;
      if (open.size === 0) resolve();
      return promise;
    },
  };
}

function serveLookup(port: number, podName: string): Serving {
  const socket = createSocket('udp4');
  socket.on('message', (question, from) => socket.send(`${podName} ${question}`, from.port, from.address));
  return {
    open: () =>
      new Promise((resolve, reject) => {
        socket.once('error', reject);
        socket.bind(port, () => resolve());
      }),
    close: () => {
      socket.close();
    },
    drain: async () => {
      socket.close();
    },
  };
}

function listening(server: Server, port: number): Pick<Serving, 'open' | 'close'> {
  return {
    open: () =>
      new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(port, () => {
          server.off('error', reject);
          resolve();
        });
      }),
    close: () => server.close(),
  };
}
