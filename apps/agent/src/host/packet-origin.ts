import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { bitsOf, cleanAddress, type Family } from '@kubecity/routing';

/** The address that this node's kernel gives a program that calls there. Nothing is sent. Rejects where no route leads there. */
export async function sourceTowards(family: Family, address: string, port: number): Promise<string> {
  const socket = createSocket(family === 'IPv4' ? 'udp4' : 'udp6');
  try {
    const connected = once(socket, 'connect');
    socket.connect(port, address);
    await connected;
    const { address: source } = socket.address();
    return cleanAddress(source.replace(/%.*$/, ''))?.text ?? source;
  } finally {
    socket.close();
  }
}

/**
 * The interface through which packets of this address come in, if answers leave where they came from: the device of the
 * closest route to it in the kernel's main table. Undefined where no route leads there.
 */
export async function interfaceOf(family: Family, address: string): Promise<string | undefined> {
  const text = await readFile(family === 'IPv4' ? '/proc/net/route' : '/proc/net/ipv6_route', 'utf8');
  return closest(family === 'IPv4' ? routes4(text) : routes6(text), bitsOf(address));
}

interface Route {
  readonly device: string;
  /** Leading bits of the addresses that it leads to. */
  readonly prefix: string;
  readonly metric: number;
}

/** Longest prefix, then the smallest metric. */
function closest(routes: readonly Route[], address: string): string | undefined {
  let best: Route | undefined;
  for (const route of routes) {
    if (!address.startsWith(route.prefix)) continue;
    const longer = route.prefix.length - (best?.prefix.length ?? -1);
    if (!best || longer > 0 || (longer === 0 && route.metric < best.metric)) best = route;
  }
  return best?.device;
}

const UP = 1;
const REJECT = 0x200;
const usable = (flags: string | undefined) => (Number.parseInt(flags ?? '', 16) & (UP | REJECT)) === UP;
const bitsOfHex = (text: string) =>
  [...text].map((digit) => Number.parseInt(digit, 16).toString(2).padStart(4, '0')).join('');

/** `Iface Destination Gateway Flags RefCnt Use Metric Mask …`, addresses in hex, their last byte first. */
function routes4(text: string): Route[] {
  return text
    .split('\n')
    .slice(1)
    .flatMap((line) => {
      const [device, destination = '', , flags, , , metric, mask = ''] = line.split('\t').map((word) => word.trim());
      if (!device || !usable(flags)) return [];
      const bits = bitsOfHex(mask).replaceAll('0', '').length;
      const network = bitsOfHex((destination.match(/../g) ?? []).reverse().join(''));
      return [{ device, prefix: network.slice(0, bits), metric: Number(metric) }];
    });
}

/** `destination bits source bits gateway metric references use flags device`, numbers in hex. */
function routes6(text: string): Route[] {
  return text.split('\n').flatMap((line) => {
    const [network, bits = '', , , , metric = '', , , flags, device] = line.split(/\s+/);
    if (!network || !device || !usable(flags)) return [];
    const prefix = bitsOfHex(network).slice(0, Number.parseInt(bits, 16));
    return [{ device, prefix, metric: Number.parseInt(metric, 16) }];
  });
}
