import { cleanAddress, socketText } from '@kubecity/routing';

export interface HostPort {
  readonly host: string;
  readonly port: number;
}

/** `host:port` (an IP address, IPv6 in brackets, or localhost) in canonical form, or `off`. */
export function listenAddress(text: string): string | undefined {
  if (text === 'off') return text;
  const [, bracketed, plain, portText] = /^(?:\[([^\]]+)\]|([^:[\]]+)):(\d{1,5})$/.exec(text.trim()) ?? [];
  const port = Number(portText);
  if (portText === undefined || port > 65_535) return undefined;
  if (plain === 'localhost') return `localhost:${port}`;
  const address = cleanAddress(bracketed ?? plain ?? '');
  if (!address || (address.family === 'IPv6') !== (bracketed !== undefined)) return undefined;
  return socketText(address.text, port);
}

/** As `listenAddress`, but nothing that another machine could reach. */
export function loopbackAddress(text: string): string | undefined {
  const clean = listenAddress(text);
  if (clean === undefined || clean === 'off') return clean;
  return isLoopback(hostPort(clean).host) ? clean : undefined;
}

/** Takes a canonical `host:port` apart. */
export function hostPort(canonical: string): HostPort {
  const at = canonical.lastIndexOf(':');
  return { host: canonical.slice(0, at).replace(/^\[|\]$/g, ''), port: Number(canonical.slice(at + 1)) };
}

const isLoopback = (host: string) => host === 'localhost' || host === '::1' || host.startsWith('127.');
