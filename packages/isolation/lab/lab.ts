import { execFileSync } from 'node:child_process';
import { Program, type Try } from './program.ts';

/** Addresses of the nodes and of the world outside, on one switch. */
export const NODES: Readonly<Record<string, readonly string[]>> = {
  n1: ['192.168.1.11', 'fd00:192::11'],
  n2: ['192.168.1.12', 'fd00:192::12'],
  n3: ['192.168.1.21', 'fd00:192::21'],
};
const OUTSIDE = { namespace: 'outside', ipv4: '192.168.1.1', ipv6: 'fd00:192::1' };
/** Of the far end of each pod's link; it is on every node, and no packet carries it. */
const GATEWAY = { ipv4: '169.254.1.1', ipv6: 'fe80::1' };

/**
 * Three nodes on a switch, pods behind them, routed, and a world outside: network namespaces in the private one that this
 * process runs in. Every port of a pod answers.
 */
export class Lab {
  readonly nodes = Object.keys(NODES);
  readonly #programs = new Map<string, Program>();
  /** The namespace that has the address. */
  readonly #places = new Map<string, string>();
  #links = 0;

  static async open(): Promise<Lab> {
    const lab = new Lab();
    run('ip', 'link', 'set', 'lo', 'up');
    run('ip', 'link', 'add', 'switch', 'type', 'bridge');
    run('ip', 'link', 'set', 'switch', 'up');
    await lab.#add(OUTSIDE.namespace, [OUTSIDE.ipv4, OUTSIDE.ipv6]);
    for (const [name, addresses] of Object.entries(NODES)) {
      await lab.#add(name, addresses);
      lab.in(
        name,
        `
        sysctl -qw net.ipv4.ip_forward=1 net.ipv6.conf.all.forwarding=1
        # Refusals are ICMP errors, of which a kernel sends few a second.
        sysctl -qw net.ipv4.icmp_ratelimit=0 net.ipv6.icmp.ratelimit=0
        iptables -t nat -N SERVICES
        iptables -t nat -A PREROUTING -j SERVICES
        iptables -t nat -N HAIRPIN
        iptables -t nat -A POSTROUTING -j HAIRPIN
        ip route add default via ${OUTSIDE.ipv4}
        ip -6 route add default via ${OUTSIDE.ipv6}
      `,
      );
    }
    return lab;
  }

  /** Runs a shell script in a node's namespace. */
  in(node: string, script: string, input = ''): string {
    return execFileSync('ip', ['netns', 'exec', node, 'sh', '-ec', script], { input, encoding: 'utf8' });
  }

  /** A pod with these addresses, which all nodes and the outside find. One that is there stays. */
  async pod(node: string, addresses: readonly string[]): Promise<void> {
    const missing = addresses.filter((address) => !this.#places.has(address));
    if (missing.length === 0) return;
    const known = addresses.map((address) => this.#places.get(address)).find((place) => place !== undefined);
    const name = known ?? `pod${++this.#links}`;
    if (known === undefined) await this.#addPod(name, node);
    for (const address of missing) {
      this.in(name, `ip addr add ${address}/${width(address)} dev eth0 ${nodad(address)}`);
      this.in(node, `ip route add ${address} dev ${name}`);
      this.#place(address, name);
      for (const other of [...this.nodes, OUTSIDE.namespace].filter((one) => one !== node)) {
        const via = NODES[node]?.[address.includes(':') ? 1 : 0];
        this.in(other, `ip route add ${address} via ${via}`);
      }
    }
  }

  /** Every node sends what comes to a Service to this one backend from now on. */
  serve(service: { readonly ip: string; readonly port: number }, protocol: string, to: string, port: number): void {
    for (const node of this.nodes) {
      this.in(
        node,
        `
        iptables -t nat -F SERVICES
        iptables -t nat -F HAIRPIN
        iptables -t nat -A SERVICES -d ${service.ip} -p ${protocol.toLowerCase()} --dport ${service.port} \
          -j DNAT --to-destination ${to}:${port}
        iptables -t nat -A HAIRPIN -s ${to} -d ${to} -j MASQUERADE
      `,
      );
    }
  }

  /** Whoever has the address tries; nobody known has it: the world outside. */
  attempt(what: Try): Promise<string> {
    this.#everywhere(what.from);
    this.#everywhere(what.to);
    return this.#at(what.from).attempt(what);
  }

  /** On a connection that `from` kept. */
  say(from: string, on: string): Promise<string> {
    return this.#at(from).say(on);
  }

  #at(address: string): Program {
    const program = this.#programs.get(this.#places.get(address) ?? '');
    if (!program) throw new Error(`nobody has ${address}`);
    return program;
  }

  async close(): Promise<void> {
    await Promise.all([...this.#programs.values()].map((program) => program.stop()));
  }

  #everywhere(address: string): void {
    if (this.#places.has(address)) return;
    this.in(OUTSIDE.namespace, `ip addr add ${address}/${width(address)} dev lo ${nodad(address)}`);
    this.#place(address, OUTSIDE.namespace);
  }

  async #add(name: string, addresses: readonly string[]): Promise<void> {
    run('ip', 'netns', 'add', name);
    run('ip', 'link', 'add', `s-${name}`, 'master', 'switch', 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
    run('ip', 'link', 'set', `s-${name}`, 'up');
    this.in(
      name,
      'sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.default.rp_filter=0; ip link set lo up; ip link set eth0 up',
    );
    for (const address of addresses) {
      this.in(name, `ip addr add ${address}/${address.includes(':') ? 64 : 24} dev eth0 ${nodad(address)}`);
      this.#place(address, name);
    }
    this.#programs.set(name, await Program.start(name));
  }

  async #addPod(name: string, node: string): Promise<void> {
    run('ip', 'netns', 'add', name);
    run('ip', '-n', node, 'link', 'add', name, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', name);
    this.in(
      node,
      `
      ip link set ${name} up
      ip addr add ${GATEWAY.ipv4}/32 dev ${name}
      ip -6 addr add ${GATEWAY.ipv6}/64 dev ${name} nodad
    `,
    );
    this.in(
      name,
      `
      ip link set lo up
      ip link set eth0 up
      ip route add ${GATEWAY.ipv4} dev eth0
      ip route add default via ${GATEWAY.ipv4} dev eth0
      ip -6 route add default via ${GATEWAY.ipv6} dev eth0
    `,
    );
    this.#programs.set(name, await Program.start(name));
  }

  /** What comes to the address is answered, whatever the port. */
  #place(address: string, name: string): void {
    this.#places.set(address, name);
    const tool = address.includes(':') ? 'ip6tables' : 'iptables';
    const lead = (hook: string, protocol: string) =>
      `${tool} -t nat -A ${hook} -d ${address} -p ${protocol} -j REDIRECT --to-ports 7`;
    const rules = ['tcp', 'udp'].flatMap((protocol) => [lead('PREROUTING', protocol), lead('OUTPUT', protocol)]);
    this.in(name, rules.join('\n'));
  }
}

function run(command: string, ...args: string[]): void {
  execFileSync(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
}

function width(address: string): number {
  return address.includes(':') ? 128 : 32;
}

function nodad(address: string): string {
  return address.includes(':') ? 'nodad' : '';
}
