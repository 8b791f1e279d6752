import type { KubeNode } from '@kubecity/routing';
import fc from 'fast-check';
import { AUTO, DIRECT, foreignRoute, type Machine } from './machine.ts';
import { node } from './nodes.ts';

/** Something that happens to a machine, with a name for who reads a counterexample. */
export interface Event {
  readonly text: string;
  happen(machine: Machine): void;
}

const small = fc.nat(7);

export const anyNode: fc.Arbitrary<KubeNode> = fc
  .record({
    number: small,
    ranges: fc.array(
      fc.oneof(
        small.map((i) => `10.1.${i}.0/24`),
        small.map((i) => `fd01:0:0:${i}::/64`),
        fc.constantFrom('10.1.0.0/16', '10.1.3.128/25', '192.168.1.0/25', 'fd01::/32', 'nonsense', '10.1.6.6/32'),
      ),
      { maxLength: 3 },
    ),
    addresses: fc.array(
      fc.oneof(
        fc.tuple(fc.constantFrom('192.168.1', '192.168.3', '172.16.9'), small).map(([net, i]) => `${net}.${i + 1}`),
        fc.tuple(fc.constantFrom('fd00:', 'fd00:3:', 'fd00:9:'), small).map(([net, i]) => `${net}:${i + 1}`),
      ),
      { maxLength: 3 },
    ),
    since: fc.constantFrom('1', '2'),
  })
  .map(({ number, ranges, addresses, since }) => node(`node-${number + 2}`, ranges, addresses, since));

const nodeEvents: fc.Arbitrary<Event> = fc.oneof(
  anyNode.map((each) => ({
    text: `node ${JSON.stringify(each)}`,
    happen: ({ nodes }: Machine) => nodes.set(each.metadata.name, each),
  })),
  small.map((i) => ({ text: `node-${i + 2} gone`, happen: ({ nodes }: Machine) => nodes.delete(`node-${i + 2}`) })),
  small.map((i) => ({
    text: `this node has range ${i}`,
    happen: ({ nodes }: Machine) =>
      nodes.set(
        'node-1',
        node('node-1', i === 0 ? [] : [`10.1.${i}.0/24`, `fd01:0:0:${i}::/64`], ['192.168.1.1', 'fd00::1']),
      ),
  })),
);

const settingEvents: fc.Arbitrary<Event> = fc.oneof(
  fc.constantFrom(AUTO, DIRECT, { ...AUTO, vxlanId: 7 }, { ...AUTO, vxlanPort: 8472 }).map((settings) => ({
    text: `settings ${JSON.stringify(settings)}`,
    happen: (machine: Machine) => {
      machine.settings = settings;
    },
  })),
  fc.constantFrom({}, { IPv4: 'refused' }, { IPv4: 'refused', IPv6: 'refused' }).map((refused) => ({
    text: `refused tunnels ${JSON.stringify(refused)}`,
    happen: (machine: Machine) => {
      machine.refusedTunnels = refused;
    },
  })),
);

const linkEvents: fc.Arbitrary<Event> = fc.constantFrom(
  {
    text: 'uplink flaps',
    happen: ({ kernel, uplink }: Machine) => {
      const kept = kernel.routes.filter(({ device, protocol }) => device === uplink && protocol !== 202);
      kernel.setDown(uplink);
      kernel.links = kernel.links.map((link) => (link.index === uplink ? { ...link, up: true } : link));
      kernel.routes.push(...kept);
    },
  },
  ...(['city-vxlan4', 'city-vxlan6'] as const).flatMap((name) => [
    {
      text: `${name} deleted`,
      happen: ({ kernel }: Machine) => {
        for (const link of kernel.links) if (link.name === name) kernel.deleteLink(link.index);
      },
    },
    {
      text: `${name} down`,
      happen: ({ kernel }: Machine) => {
        for (const link of kernel.links) if (link.name === name) kernel.setDown(link.index);
      },
    },
    {
      text: `${name} of another MAC, MTU and number`,
      happen: ({ kernel }: Machine) => {
        kernel.links = kernel.links.map((link) =>
          link.name === name && link.vxlan
            ? { ...link, mtu: 1300, mac: '02:00:00:00:00:01', vxlan: { ...link.vxlan, id: 99 } }
            : link,
        );
      },
    },
  ]),
);

const tunnelIndex = ({ kernel }: Machine) => kernel.links.find(({ kind }) => kind === 'vxlan')?.index;

const rowEvents: fc.Arbitrary<Event> = fc.oneof(
  fc.tuple(small, fc.constantFrom(2, 4, 202), fc.constantFrom(0, 5, 1024), fc.boolean()).map((words) => {
    const [i, protocol, metric, six] = words;
    const range = six ? `fd01:0:0:${i}::/64` : `10.1.${i}.0/24`;
    const gateway = six ? 'fd00::9' : '192.168.1.9';
    return {
      text: `route ${range} metric ${metric} of protocol ${protocol}`,
      happen: ({ kernel }: Machine) => {
        const route = foreignRoute(range, { protocol, gateway, metric: six && metric === 0 ? 1024 : metric });
        const isTaken = kernel.routes.some((each) => each.range === range && each.metric === route.metric);
        if (!isTaken) kernel.routes.push(route);
      },
    };
  }),
  fc.nat(30).map((i) => ({
    text: `route ${i} of ours deleted`,
    happen: ({ kernel }: Machine) => {
      const victim = kernel.routes.filter(({ protocol }) => protocol === 202)[i];
      kernel.routes = kernel.routes.filter((route) => route !== victim);
    },
  })),
  fc.tuple(small, fc.boolean()).map(([i, permanent]) => ({
    text: `neighbour ${i} on a tunnel, permanent: ${permanent}`,
    happen: (machine: Machine) => {
      const device = tunnelIndex(machine);
      if (device === undefined) return;
      const address = `10.1.${i}.0`;
      const { kernel } = machine;
      kernel.neighbours = kernel.neighbours.filter((each) => each.device !== device || each.address !== address);
      kernel.neighbours.push({
        row: 'neighbour',
        family: 'IPv4',
        device,
        address,
        mac: '02:00:00:00:00:02',
        permanent,
      });
    },
  })),
  small.map((i) => ({
    text: `forwarding ${i} on a tunnel`,
    happen: (machine: Machine) => {
      const device = tunnelIndex(machine);
      const { kernel } = machine;
      const mac = kernel.forwarding[i]?.mac ?? `02:00:00:00:00:0${i}`;
      if (device !== undefined) {
        kernel.forwarding.push({ row: 'forwarding', device, mac, remote: '192.0.2.7', permanent: true });
      }
    },
  })),
);

export const events = fc.array(fc.oneof(nodeEvents, nodeEvents, settingEvents, linkEvents, rowEvents), {
  minLength: 1,
  maxLength: 6,
});

/** Of what is wished alone: the kernel does nothing by itself. */
export const wishes = fc.oneof({ weight: 8, arbitrary: nodeEvents }, { weight: 1, arbitrary: settingEvents });
