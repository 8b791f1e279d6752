import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { end } from '../../testing/child-end.ts';

export type Family = 4 | 6;

/** One address per family. */
export interface Addresses {
  readonly 4: string;
  readonly 6: string;
}

/** Somewhere a program may run. */
export interface Place {
  readonly netns: string;
  readonly addresses: Addresses;
}

export interface PodPlace extends Place {
  readonly node: string;
}

export const CLUSTER_RANGES = ['10.244.0.0/16', 'fd00:10:244::/56'];
/** The cable that nodes share, and one behind a router, which is the test's own namespace. */
const LANS = {
  near: { bridge: 'underlay', 4: '172.18.0', 6: 'fd00:18:' },
  far: { bridge: 'far', 4: '172.19.0', 6: 'fd00:19:' },
} as const;

export interface FabricOptions {
  /** Nodes on the far cable. */
  readonly behindRouter?: readonly string[];
  /** Nobody tells the nodes the ways to each other's pods. */
  readonly withoutWays?: boolean;
}

/** Outside of the cluster, on the cable between the nodes; two networks of IPv4, so that clients are grouped. */
export const OUTSIDE: Place & { readonly second: string } = {
  netns: 'outside',
  addresses: { 4: '198.51.100.10', 6: '2001:db8:9::10' },
  second: '203.0.113.5',
};
const OUTSIDE_RANGES = ['198.51.100.0/24', '203.0.113.0/24', '2001:db8:9::/64'];
/** Of every pod's next hop; nobody has to answer for it, as its link address is fixed on both ends. */
const GATEWAYS: Addresses = { 4: '169.254.1.1', 6: 'fe80::1' };
const GATEWAY_MAC = 'ee:ee:ee:ee:ee:ee';

/**
 * Nodes and their pods in real network namespaces, both families: a bridge in the test's own namespace, a node a leg, pods
 * routed behind their node with a cable each, and `outside`, which reaches the nodes and no cluster IP unless told a way.
 * Needs a private namespace to run in; the kernel suite's command provides one.
 */
export class TwoNodes {
  readonly nodes: ReadonlyMap<string, Place>;
  readonly #children = new Set<ChildProcess>();
  readonly #names: readonly string[];
  readonly #options: FabricOptions;

  constructor(names: readonly string[] = ['node-a', 'node-b'], options: FabricOptions = {}) {
    this.#names = names;
    this.#options = options;
    this.nodes = new Map(
      names.map((netns, index) => {
        const lan = this.#lanOf(netns);
        return [netns, { netns, addresses: { 4: `${lan[4]}.${index + 2}`, 6: `${lan[6]}:${index + 2}` } }];
      }),
    );
    ip(['link set lo up', ...this.#lans.flatMap(lanLines)]);
    for (const name of [...names, OUTSIDE.netns]) {
      ip([`netns add ${name}`, `link add ${name} type veth peer name eth0 netns ${name}`]);
      switches(name);
      ip([`link set ${name} master ${this.#lanOf(name).bridge} up`]);
      ip(['link set lo up', 'link set eth0 up'], name);
    }
    for (const { netns } of this.nodes.values()) ip(this.#nodeLines(netns), netns);
    ip(this.#outsideLines(), OUTSIDE.netns);
  }

  /** A namespace behind `node`; `number` is the last part of its addresses. */
  addPod(node: string, netns: string, number: number): PodPlace {
    const place = this.#names.indexOf(node) + 1;
    const addresses = { 4: `10.244.${place}.${number}`, 6: `fd00:10:244:${place}::${number.toString(16)}` };
    const link = cableOf(place, number);
    const mac = `02:0a:00:00:${hex(place)}:${hex(number)}`;
    ip([`netns add ${netns}`]);
    switches(netns);
    ip(
      [
        `link add ${link} address ${GATEWAY_MAC} type veth peer name eth0 netns ${netns} address ${mac}`,
        `link set ${link} up`,
        ...[4, 6].flatMap((family) => meet(addresses[family as 4 | 6], link, mac)),
      ],
      node,
    );
    ip(
      [
        ...['link set lo up', 'link set eth0 up'],
        ...[`addr add ${addresses[4]}/32 dev eth0`, `addr add ${addresses[6]}/128 dev eth0 nodad`],
        `route add ${GATEWAYS[4]} dev eth0 scope link`,
        ...([4, 6] as const).flatMap((family) => [
          `neigh replace ${GATEWAYS[family]} lladdr ${GATEWAY_MAC} dev eth0 nud permanent`,
          `-${family} route add default via ${GATEWAYS[family]} dev eth0 onlink`,
        ]),
      ],
      netns,
    );
    return { netns, addresses, node };
  }

  /** Takes the pod's cable away first: whatever its programs still say on their end is heard by nobody. */
  async removePod({ netns, node, addresses }: PodPlace, programs: readonly ChildProcess[]): Promise<void> {
    const [, place, number] = /\.(\d+)\.(\d+)$/.exec(addresses[4]) as RegExpExecArray;
    ip([`link del ${cableOf(Number(place), Number(number))}`], node);
    for (const program of programs) await this.stop(program);
    ip([`netns del ${netns}`]);
  }

  /** Runs a program in a namespace; its standard input and output are pipes, its errors ours. */
  start(netns: string, command: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
    return this.startHere(within(netns, command), env);
  }

  /** The same in the namespace of the test itself. */
  startHere(command: readonly string[], env: NodeJS.ProcessEnv = {}): ChildProcess {
    const [file = '', ...args] = command;
    const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'], env: { ...process.env, ...env } });
    this.#children.add(child);
    return child;
  }

  async stop(child: ChildProcess, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    await end(child, signal);
    this.#children.delete(child);
  }

  /** Runs a program to its end and returns what it printed. */
  run(netns: string, ...command: readonly string[]): string {
    const [file = '', ...args] = within(netns, command);
    return execFileSync(file, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], maxBuffer: 2 ** 28 });
  }

  /** Sets a switch below /proc/sys/net of every node. */
  set(key: string, value: number | string): void {
    for (const name of this.#names) setSwitch(name, key, value);
  }

  /** The namespaces go with the suite's own. */
  async close(): Promise<void> {
    await Promise.all([...this.#children].map((child) => this.stop(child)));
  }

  get #lans(): Lan[] {
    return this.#options.behindRouter?.length ? [LANS.near, LANS.far] : [LANS.near];
  }

  #lanOf(name: string): Lan {
    return this.#options.behindRouter?.includes(name) ? LANS.far : LANS.near;
  }

  #nodeLines(name: string): string[] {
    const { addresses } = this.nodes.get(name) as Place;
    const lan = this.#lanOf(name);
    const others = [...this.nodes.values()].filter(({ netns }) => netns !== name);
    return [
      ...[`addr add ${addresses[4]}/16 dev eth0`, `addr add ${addresses[6]}/64 dev eth0 nodad`],
      // Without a default route the kernel itself refuses a cluster IP before a rule can translate it.
      ...[`route add default via ${lan[4]}.1`, `-6 route add default via ${lan[6]}:1`],
      ...others.flatMap((other) => this.#wayTo(other)),
      ...OUTSIDE_RANGES.map((range) => `route add ${range} dev eth0`),
    ];
  }

  #outsideLines(): string[] {
    return [
      ...[OUTSIDE.addresses[4], OUTSIDE.second].map((address) => `addr add ${address}/24 dev eth0`),
      `addr add ${OUTSIDE.addresses[6]}/64 dev eth0 nodad`,
      ...['172.18.0.0/16', 'fd00:18::/64'].map((range) => `route add ${range} dev eth0`),
      ...[...this.nodes.values()].flatMap((node) => this.#wayTo(node)),
    ];
  }

  #wayTo({ netns, addresses }: Place): string[] {
    if (this.#options.withoutWays) return [];
    const place = this.#names.indexOf(netns) + 1;
    return [
      `route add 10.244.${place}.0/24 via ${addresses[4]}`,
      `route add fd00:10:244:${place}::/64 via ${addresses[6]}`,
    ];
  }
}

export function within(netns: string, command: readonly string[]): string[] {
  return ['nsenter', `--net=/run/netns/${netns}`, ...command];
}

type Lan = (typeof LANS)[keyof typeof LANS];

function lanLines({ bridge, 4: first, 6: second }: Lan): string[] {
  return [
    ...[`link add ${bridge} type bridge`, `link set ${bridge} up`],
    ...[`addr add ${first}.1/16 dev ${bridge}`, `addr add ${second}:1/64 dev ${bridge} nodad`],
  ];
}

const hex = (number: number) => number.toString(16).padStart(2, '0');
const cableOf = (place: number, number: number) => `pod${place}-${number}`;

function meet(address: string, link: string, mac: string): string[] {
  const length = address.includes(':') ? 128 : 32;
  return [
    `route add ${address}/${length} dev ${link}`,
    `neigh replace ${address} lladdr ${mac} dev ${link} nud permanent`,
  ];
}

function switches(netns: string): void {
  setSwitch(netns, 'ipv4/ip_forward', 1);
  setSwitch(netns, 'ipv6/conf/all/forwarding', 1);
  for (const scope of ['all', 'default']) {
    setSwitch(netns, `ipv4/conf/${scope}/rp_filter`, 0);
    setSwitch(netns, `ipv4/conf/${scope}/send_redirects`, 0);
    // Addresses that must be unique are so by construction; nobody waits a second for the proof.
    setSwitch(netns, `ipv6/conf/${scope}/accept_dad`, 0);
  }
}

/** Files of /proc/sys/net show the namespace of the process that opens them. */
function setSwitch(netns: string, key: string, value: number | string): void {
  const [file = '', ...args] = within(netns, ['sh', '-c', `echo ${value} > /proc/sys/net/${key}`]);
  execFileSync(file, args);
}

/** Runs lines of `ip -batch`, in a namespace if one is named. */
function ip(lines: readonly string[], netns?: string): void {
  const options = netns === undefined ? [] : ['-n', netns];
  // A batch line cannot carry a family option; such lines go alone.
  for (const line of lines)
    execFileSync('ip', [...options, ...line.split(' ')], { stdio: ['ignore', 'ignore', 'inherit'] });
}
