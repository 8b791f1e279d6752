import type { Server, Socket } from 'node:net';
import type { Logger } from 'pino';
import { isLoopback } from './origin.ts';

/** Whether a socket may be answered, by its two addresses. */
export type Admits = (from: string, to: string) => boolean;

/**
 * With `--auth local` whoever comes in is admin, so a container answers its host, which is its gateway, and who is inside it: not the
 * others on its network.
 */
export const fromHost =
  (gateways: ReadonlySet<string>): Admits =>
  (from, to) =>
    isLoopback(from) || from === to || gateways.has(from);

/** Closes each socket that is not admitted before anything is read of it. */
export function admitOnly(server: Server, admits: Admits, log: Pick<Logger, 'warn'>): void {
  server.prependListener('connection', (socket: Socket) => {
    const { remoteAddress: from = '', localAddress: to = '' } = socket;
    if (admits(from, to)) return;
    log.warn({ from }, 'a connection that does not come from the host of this container is closed');
    socket.destroy();
  });
}

/** Flags of a route that is up and leads by a gateway (linux/route.h). */
const UP_BY_GATEWAY = 0x3;

/** Gateways of default routes, of the text of `/proc/net/route`: addresses in hexadecimal, bytes as a little-endian machine has them. */
export function gatewaysOf(routes: string): Set<string> {
  const gateways = new Set<string>();
  for (const line of routes.split('\n').slice(1)) {
    const [, destination = '', gateway = '', flags = '0'] = line.split('\t');
    const leads = (Number.parseInt(flags, 16) & UP_BY_GATEWAY) === UP_BY_GATEWAY;
    if (leads && destination === '00000000') gateways.add(dotted(gateway));
  }
  return gateways;
}

const dotted = (hex: string): string =>
  (hex.match(/../g) ?? [])
    .reverse()
    .map((byte) => Number.parseInt(byte, 16))
    .join('.');
