import { familyOf } from '@kubecity/routing';
import { walk } from '@kubecity/ruleset';
import type { Ending } from './expectation.ts';
import type { Flow, PacketCase } from './packet-case.ts';
import { interfaceOf, localAddressesOf, memoryOf, type Programming } from './programming.ts';

/** The machinery that plays flows failed; that says nothing about any rule. */
export class PlayerError extends Error {
  override readonly name = 'PlayerError';
}

/** A way to find out what becomes of a flow's packet under a case's rules. */
export interface Player {
  /** For people: how the result was found. */
  readonly name: string;
  /** Why this flow cannot be played; undefined when it can. */
  inexpressible(each: PacketCase, flow: Flow): string | undefined;
  /** Called once before the flows of a case; returns what its reader should know. */
  enter(each: PacketCase, programming: Programming): Promise<string[]>;
  play(each: PacketCase, programming: Programming, flow: Flow): Promise<Ending[]>;
  leave(): Promise<void>;
}

/** The packet walk over the text of the rules. */
export const walkPlayer: Player = {
  name: 'walk',
  inexpressible: () => undefined,
  enter: async () => [],
  play: async (each, programming, flow) => {
    const sets = new Map<string, Set<string>>();
    for (const { set, client } of memoryOf(programming, flow)) {
      sets.set(set, (sets.get(set) ?? new Set()).add(client));
    }
    return walk(
      programming.rulesets[familyOf(flow.to.ip)],
      {
        from: flow.from.kind,
        ...(flow.from.kind !== 'node' && { iif: interfaceOf(each, flow) }),
        source: flow.from.ip,
        destination: flow.to.ip,
        protocol: flow.to.proto.toLowerCase() as 'tcp' | 'udp' | 'sctp',
        port: flow.to.port,
      },
      { localAddresses: localAddressesOf(each, flow), sets },
    );
  },
  leave: async () => {},
};
