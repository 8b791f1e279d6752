import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { type Family, familyOf } from '@kubecity/routing';
import { PlayerError } from '../player.ts';
import { FAMILIES } from '../programming.ts';
import { ConnectionEvents, keyOf } from './connection-events.ts';
import { Sender } from './sender.ts';

/** No flow of any case goes here: a datagram that comes through says that everything sent before it has come through. */
const FENCE = { destination: '198.18.0.1', port: 9 };
/** Longer than any machine needs that is not stuck. */
const PATIENCE_MS = 20_000;

/** One interface of the node, and the clients behind it: a namespace of their own. */
interface Segment {
  readonly sender: Sender;
  /** Addresses of the two ends, which no case knows. */
  readonly node: Readonly<Record<Family, string>>;
  readonly clients: Readonly<Record<Family, string>>;
  /** The client that is there now. */
  readonly source: Map<Family, string>;
}

/**
 * A node in the network namespace of this process, which must be a private one: its own addresses are on `lo`, every
 * interface that a case names is one end of a veth pair, and everything without a better route leaves through `eth0`.
 *
 * Nothing answers: the first packet of a connection and its conntrack entry are all that is looked at. The addresses of
 * the node's interfaces are none of the case's, so that a masqueraded packet shows it.
 */
export class Lab {
  readonly events: ConnectionEvents;
  readonly #node: Sender;
  readonly #segments = new Map<string, Segment>();
  readonly #owned = new Set<string>();
  /** Which interface a client's address is behind. */
  readonly #routes = new Map<string, string>();
  #sport = 10_000;

  private constructor(node: Sender, events: ConnectionEvents) {
    this.#node = node;
    this.events = events;
  }

  static async open(): Promise<Lab> {
    requirePrivateNamespace();
    ip(['link set lo up']);
    setSwitches();
    // Refusals are heard of whatever the policy of INPUT is.
    execFileSync('iptables', ['-A', 'INPUT', '-p', 'icmp', '-j', 'ACCEPT']);
    execFileSync('ip6tables', ['-A', 'INPUT', '-p', 'ipv6-icmp', '-j', 'ACCEPT']);
    const lab = new Lab(await Sender.start('node'), new ConnectionEvents());
    await lab.segment('eth0');
    return lab;
  }

  /** The node owns exactly these addresses, besides those of its interfaces. */
  own(addresses: readonly string[]): void {
    const gone = [...this.#owned].filter((address) => !addresses.includes(address));
    const fresh = addresses.filter((address) => !this.#owned.has(address) && !isLoopback(address));
    ip([
      ...gone.map((address) => `addr del ${host(address)} dev lo`),
      ...fresh.map((address) => `addr add ${host(address)} dev lo${nodad(address)}`),
    ]);
    arrived(fresh);
    for (const address of gone) this.#owned.delete(address);
    for (const address of fresh) this.#owned.add(address);
  }

  /** Makes a client: packets from `source` come in through this interface, answers go back there. */
  async client(iif: string, source: string): Promise<Sender> {
    const segment = await this.segment(iif);
    const family = familyOf(source);
    const before = segment.source.get(family);
    if (before !== source) {
      ip(
        [
          ...(before === undefined ? [] : [`addr del ${host(before)} dev eth0`]),
          `addr add ${host(source)} dev eth0${nodad(source)}`,
        ],
        segment.sender.pid,
      );
      arrived([source], segment.sender.pid);
      segment.source.set(family, source);
    }
    if (this.#routes.get(source) !== iif) {
      ip([`route replace ${host(source)} via ${segment.clients[family]} dev ${iif} onlink`]);
      this.#routes.set(source, iif);
    }
    return segment.sender;
  }

  get node(): Sender {
    return this.#node;
  }

  /** A source port that no connection of this lab had. */
  freshPort(): number {
    this.#sport = this.#sport < 65_000 ? this.#sport + 1 : 10_000;
    return this.#sport;
  }

  /** Sends, and returns when the node has dealt with all of it. */
  async send(sender: Sender, commands: readonly string[]): Promise<void> {
    const segment = [...this.#segments.values()].find((each) => each.sender === sender);
    const source = (segment ?? (await this.segment('eth0')))[segment ? 'clients' : 'node'].IPv4;
    const sport = this.freshPort();
    await sender.send([...commands, `udp ${source} ${sport} ${FENCE.destination} ${FENCE.port}`]);
    const key = keyOf('udp', source, sport, FENCE.destination, FENCE.port);
    if (await this.events.came(key, PATIENCE_MS)) return;
    this.events.check();
    throw new PlayerError(`nothing was heard of a datagram from ${source} within ${PATIENCE_MS} ms`);
  }

  /** Routes, connections and events of the last case are gone. */
  clear(): void {
    ip([...this.#routes.keys()].map((source) => `route del ${host(source)}`));
    this.#routes.clear();
    execFileSync('conntrack', ['-F'], { stdio: 'ignore' });
    this.events.forget();
  }

  async close(): Promise<void> {
    await this.events.stop();
    this.own([]);
    ip([...this.#segments.keys()].map((iif) => `link del ${iif}`));
    for (const { sender } of this.#segments.values()) await sender.stop();
    await this.#node.stop();
  }

  async segment(iif: string): Promise<Segment> {
    const known = this.#segments.get(iif);
    if (known) return known;
    const sender = await Sender.start('own');
    const number = this.#segments.size + 1;
    const end = (last: number) => ({ IPv4: `169.254.${100 + number}.${last}`, IPv6: `fd77:${number}::${last}` });
    const segment = { sender, node: end(1), clients: end(2), source: new Map<Family, string>() };
    // Both ends know each other's link address, so nobody has to ask for it.
    const mac = (last: number) => `02:00:00:00:${number.toString(16)}:0${last}`;
    for (const key of ['net/ipv4/ip_forward', 'net/ipv4/conf/default/rp_filter', 'net/ipv6/conf/all/forwarding']) {
      inside(sender.pid, 'sh', '-c', `echo 0 > /proc/sys/${key}`);
    }
    ip([
      `link add ${iif} address ${mac(1)} type veth peer name eth0 address ${mac(2)} netns ${sender.pid}`,
      `link set ${iif} up`,
      ...FAMILIES.flatMap((family) => meet(segment.node[family], segment.clients[family], mac(2), iif)),
      ...(iif === 'eth0' ? FAMILIES.map((family) => defaultVia(segment.clients[family], iif)) : []),
    ]);
    ip(
      [
        'link set lo up',
        'link set eth0 up',
        ...FAMILIES.flatMap((family) => meet(segment.clients[family], segment.node[family], mac(1), 'eth0')),
        ...FAMILIES.map((family) => defaultVia(segment.node[family], 'eth0')),
      ],
      sender.pid,
    );
    this.#segments.set(iif, segment);
    return segment;
  }
}

/** A lab changes whatever network it finds itself in. */
function requirePrivateNamespace(): void {
  const up = execFileSync('ip', ['-o', 'link', 'show', 'up'], { encoding: 'utf8' });
  const strange = up.split('\n').find((line) => line !== '' && !/^\d+: lo:/.test(line));
  if (strange !== undefined) throw new PlayerError(`not in a network namespace of its own: there is ${strange}`);
}

function setSwitches(): void {
  write('net/ipv4/ip_forward', 1);
  write('net/ipv6/conf/all/forwarding', 1);
  // Sources are whatever the cases say, and many packets are refused in a short time.
  for (const place of ['all', 'default']) {
    write(`net/ipv4/conf/${place}/rp_filter`, 0);
    write(`net/ipv4/conf/${place}/send_redirects`, 0);
  }
  write('net/ipv4/icmp_ratelimit', 0);
  write('net/ipv6/icmp/ratelimit', 0);
}

/** Whether packets to 127.0.0.0/8 may be sent on: node ports on loopback need it. */
export function routeLoopback(on: boolean): void {
  write('net/ipv4/conf/all/route_localnet', on ? 1 : 0);
}

function write(key: string, value: number): void {
  writeFileSync(`/proc/sys/${key}`, String(value));
}

function meet(own: string, other: string, mac: string, device: string): string[] {
  return [
    `addr add ${host(own)} dev ${device}${nodad(own)}`,
    `route add ${host(other)} dev ${device}`,
    `neigh replace ${other} lladdr ${mac} dev ${device} nud permanent`,
  ];
}

function defaultVia(gateway: string, device: string): string {
  return `route add default via ${gateway} dev ${device} onlink`;
}

function host(address: string): string {
  return `${address}/${familyOf(address) === 'IPv4' ? 32 : 128}`;
}

/** Duplicate address detection would take a second. */
function nodad(address: string): string {
  return familyOf(address) === 'IPv4' ? '' : ' nodad';
}

/** The kernel makes a new IPv6 address its own a little later (addrconf's work queue); until then packets to it are lost. */
function arrived(addresses: readonly string[], pid?: number): void {
  for (const address of addresses.filter((each) => familyOf(each) === 'IPv6')) {
    const isThere = () => ipOf(['-6', 'route', 'show', 'table', 'local', host(address)], pid).trim() !== '';
    for (let tries = 0; !isThere(); tries++) {
      if (tries === 1000) throw new PlayerError(`${address} does not become an address of this machine`);
    }
  }
}

function isLoopback(address: string): boolean {
  return address === '::1' || address.startsWith('127.');
}

/** Runs lines of `ip -batch`, in the namespace of another process if one is given. */
function ip(lines: readonly string[], pid?: number): void {
  if (lines.length > 0) ipOf(['-batch', '-'], pid, lines.map((line) => `${line}\n`).join(''));
}

function ipOf(args: readonly string[], pid?: number, input = ''): string {
  const [file = '', ...rest] = [
    ...(pid === undefined ? [] : ['nsenter', '--target', String(pid), '--net']),
    'ip',
    ...args,
  ];
  try {
    return execFileSync(file, rest, { input, encoding: 'utf8', stdio: ['pipe', 'pipe', 'pipe'] });
  } catch (cause) {
    const said = String((cause as { stderr?: string }).stderr).trim();
    throw new PlayerError(`ip ${args.join(' ')}: ${said} in:\n${input}`, { cause });
  }
}

function inside(pid: number, ...command: readonly string[]): void {
  execFileSync('nsenter', ['--target', String(pid), '--net', ...command]);
}
