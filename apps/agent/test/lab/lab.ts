import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** The node's own address: what masqueraded packets carry. */
export const NODE_ADDRESS = '192.168.10.11';

/**
 * A node and its pods in real network namespaces: the test's own namespace is the node, each pod is a namespace behind a
 * veth pair, routed as many CNIs do it (a /32 and a link-local gateway). Needs a private namespace to run in; the kernel
 * suite's command provides one.
 */
export class Lab {
  readonly #children = new Set<ChildProcess>();
  readonly #names: string[] = [];

  constructor() {
    ip('link set lo up');
    ip(`addr add ${NODE_ADDRESS}/32 dev lo`);
    // A node has a default route; without one the kernel itself refuses what no rule rewrites.
    ip('link add uplink type veth peer name wire');
    ip('link set wire up');
    ip('link set uplink up');
    ip('route add default dev uplink');
    // Suites share this namespace: a port that is used again within 10 s would meet the closed entry of the one before.
    execFileSync('conntrack', ['-F'], { stdio: 'ignore' });
    for (const key of ['net.ipv4.ip_forward=1', 'net.ipv4.conf.all.rp_filter=0', 'net.ipv4.conf.default.rp_filter=0']) {
      execFileSync('sysctl', ['-qw', key]);
    }
  }

  /** A namespace with one address, reachable from the node and through it from all others. */
  addHost(name: string, address: string): void {
    ip(`netns add ${name}`);
    ip(`link add v-${name} type veth peer name eth0 netns ${name}`);
    ip(`link set v-${name} up`);
    ip(`route add ${address}/32 dev v-${name}`);
    ip(`-n ${name} link set lo up`);
    ip(`-n ${name} link set eth0 up`);
    ip(`-n ${name} addr add ${address}/32 dev eth0`);
    ip(`-n ${name} route add 169.254.1.1 dev eth0`);
    ip(`-n ${name} route add default via 169.254.1.1 dev eth0`);
    // Neighbours are written down, so that nobody has to answer for the gateway's address.
    ip(`-n ${name} neigh add 169.254.1.1 lladdr ${macOf(ip(`-br link show v-${name}`))} dev eth0 nud permanent`);
    ip(`neigh add ${address} lladdr ${macOf(ip(`-n ${name} -br link show eth0`))} dev v-${name} nud permanent`);
    this.#names.push(name);
  }

  /** Starts a TCP and UDP server that answers with the host's name and the client's address. */
  async serve(name: string, port: number): Promise<void> {
    const child = this.#start(name, 'server.mjs', [name, String(port)]);
    await firstLine(child, `server of ${name}`);
  }

  /** Opens `count` connections one after the other and counts who answered; errors count under their code. */
  async call(
    name: string,
    address: string,
    port: number,
    count: number,
    protocol = 'tcp',
  ): Promise<Record<string, number>> {
    const child = this.#start(name, 'client.mjs', [protocol, address, String(port), String(count)]);
    return JSON.parse(await firstLine(child, `client of ${name}`)) as Record<string, number>;
  }

  /** Opens one connection and keeps it; `ask` sends a line over it and returns the answer. */
  async open(name: string, address: string, port: number): Promise<{ ask(): Promise<string>; close(): void }> {
    const child = this.#start(name, 'client.mjs', ['hold', address, String(port)]);
    const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
    return {
      ask: async () => {
        child.stdin?.write('?\n');
        return String((await lines.next()).value);
      },
      close: () => child.kill(),
    };
  }

  async close(): Promise<void> {
    const ended = [...this.#children].filter((child) => child.exitCode === null && child.signalCode === null);
    await Promise.all(
      ended.map((child) => {
        const exit = once(child, 'exit');
        child.kill('SIGKILL');
        return exit;
      }),
    );
    for (const name of this.#names) ip(`netns del ${name}`);
    ip('link del uplink');
    ip(`addr del ${NODE_ADDRESS}/32 dev lo`);
  }

  #start(name: string, script: string, args: readonly string[]): ChildProcess {
    const path = fileURLToPath(new URL(script, import.meta.url));
    const child = spawn('ip', ['netns', 'exec', name, process.execPath, path, ...args], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#children.add(child);
    return child;
  }
}

function macOf(brief: string): string {
  const mac = /([0-9a-f]{2}:){5}[0-9a-f]{2}/.exec(brief)?.[0];
  if (!mac) throw new Error(`no link address in: ${brief}`);
  return mac;
}

async function firstLine(child: ChildProcess, what: string): Promise<string> {
  for await (const line of createInterface({ input: child.stdout as NodeJS.ReadableStream })) return line;
  throw new Error(`${what} ended without an answer`);
}

export function ip(command: string): string {
  return execFileSync('ip', command.split(' '), { encoding: 'utf8' });
}

/** Runs an iptables-family tool in the node's namespace. */
export function tool(command: string): string {
  const [name = '', ...args] = command.split(' ');
  return execFileSync(name, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}
