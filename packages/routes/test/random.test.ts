import { isOwnRoute, type KernelRow, type RoutePlan, TUNNEL_NAMES } from '@kubecity/routes';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Machine } from './machine.ts';
import { numbered } from './nodes.ts';
import { type Event, events } from './random-city.ts';

/** Rounds of events, each of them settled. */
const story = fc.array(events, { minLength: 1, maxLength: 8 });

it('whatever happens: what is wished comes to be, what is not ours stays, and then there is nothing to do', () => {
  const seen = { routes: 0, tunnels: 0, neighbours: 0, none: 0, foreign: 0, steps: 0 };
  fc.assert(
    fc.property(story, (rounds) => {
      const machine = new Machine(numbered(2), numbered(3, { IPv4: '192.168.3', IPv6: 'fd00:3' }));
      machine.settle();
      for (const round of rounds) {
        for (const event of round) event.happen(machine);
        const before = foreign(machine);
        const steps = machine.settle();
        const plan = machine.plan();
        expect(foreign(machine), told(round)).toEqual(before);
        expectHeld(machine, plan, told(round));
        expect(machine.settle(), told(round)).toEqual([]);
        seen.routes += plan.routes.length;
        seen.tunnels += plan.tunnels.length;
        seen.neighbours += plan.neighbours.length;
        seen.none += plan.peers.filter(({ via }) => via === 'none').length;
        seen.foreign += before.length;
        seen.steps += steps.length;
      }
    }),
    { seed: 202, numRuns: 300 },
  );
  // The stories are about something.
  for (const [what, count] of Object.entries(seen)) expect(count, what).toBeGreaterThan(500);
});

const told = (round: readonly Event[]) => round.map(({ text }) => text).join('\n');

/** All but our routes, our tunnels and what is on them. */
function foreign({ kernel }: Machine): KernelRow[] {
  const names: readonly string[] = Object.values(TUNNEL_NAMES);
  const tunnels = new Set(kernel.links.filter(({ name }) => names.includes(name)).map(({ index }) => index));
  return kernel.rows().filter((row) => {
    if (row.row === 'link') return !tunnels.has(row.index);
    if (row.row === 'route') return !isOwnRoute(row);
    return !tunnels.has(row.device);
  });
}

/** Everything that is planned is in the kernel, and there is no more of ours. */
function expectHeld({ kernel }: Machine, plan: RoutePlan, why: string): void {
  const index = (name: string) => kernel.links.find((link) => link.name === name)?.index;
  const tunnels = plan.tunnels.map(({ name, id, port, local, device, mtu, mac }) => ({
    name,
    up: true,
    mtu,
    mac,
    vxlan: { id, port, local, device, learning: false, strange: false },
  }));
  const vxlan = kernel.links.filter(({ kind }) => kind === 'vxlan');
  expect(vxlan.map(({ name, up, mtu, mac, vxlan }) => ({ name, up, mtu, mac, vxlan })).sort(byName), why).toEqual(
    tunnels,
  );

  const routes = plan.routes.map(({ family, range, metric, hop }) =>
    hop
      ? `${range} ${metric} ${hop.gateway} ${hop.device === 'tunnel' ? index(TUNNEL_NAMES[family]) : hop.device}`
      : `${range} ${metric} unreachable`,
  );
  const held = kernel.routes
    .filter(isOwnRoute)
    .map(({ range, metric, type, gateway, device }) =>
      type === 7 ? `${range} ${metric} unreachable` : `${range} ${metric} ${gateway} ${device}`,
    );
  expect(held.sort(), why).toEqual(routes.sort());

  const own = new Set(vxlan.map((link) => link.index));
  const neighbours = plan.neighbours.map(({ address, mac }) => `${address} ${mac}`);
  const known = kernel.neighbours.filter(({ device, permanent }) => own.has(device) && permanent);
  expect(known.map(({ address, mac }) => `${address} ${mac}`).sort(), why).toEqual(neighbours.sort());

  const forwarding = plan.forwarding.map(({ mac, remote }) => `${mac} ${remote}`);
  const forwarded = kernel.forwarding.filter(({ device }) => own.has(device));
  expect(forwarded.map(({ mac, remote }) => `${mac} ${remote}`).sort(), why).toEqual(forwarding.sort());
}

function byName(a: { readonly name: string }, b: { readonly name: string }): number {
  return a.name < b.name ? -1 : 1;
}
