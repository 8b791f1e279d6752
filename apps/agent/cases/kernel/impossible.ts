import type { Flow, PacketCase } from '../packet-case.ts';
import { interfaceOf, staysHere } from '../programming.ts';

interface Impossible {
  readonly reason: string;
  readonly applies: (each: PacketCase, flow: Flow) => boolean;
}

/** What cannot be shown with real packets in the lab, and why. The walk plays these flows all the same. */
export const IMPOSSIBLE: readonly Impossible[] = [
  {
    reason: 'a packet of the node to itself is confirmed on its way out, so that INPUT accepts it cannot be seen',
    applies: (_each, { from, expect }) => from.kind === 'node' && expect.verdict === 'accept',
  },
  {
    reason: 'a packet of the node to itself is confirmed on its way out, so that INPUT drops it cannot be seen',
    applies: (each, flow) => flow.from.kind === 'node' && flow.expect.verdict === 'drop' && staysHere(each, flow),
  },
  {
    reason: 'the interface has a name that the kernel does not take',
    applies: (each, flow) => flow.from.kind !== 'node' && !/^[^\s/:]{1,15}$/.test(interfaceOf(each, flow)),
  },
  {
    reason: 'loopback is not an interface that clients are behind',
    applies: (each, flow) => flow.from.kind !== 'node' && interfaceOf(each, flow) === 'lo',
  },
  {
    reason: 'a client outside cannot have an address that the node owns',
    applies: ({ nodeIPs }, { from }) => from.kind !== 'node' && nodeIPs.includes(from.ip),
  },
  {
    reason: 'source and destination are of different families',
    applies: (_each, { from, to }) => from.ip.includes(':') !== to.ip.includes(':'),
  },
];

export function impossible(each: PacketCase, flow: Flow): string | undefined {
  return IMPOSSIBLE.find(({ applies }) => applies(each, flow))?.reason;
}
