import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { TUNNEL_NAMES, tunnelMac } from '@kubecity/routes';

export const run = (command: string): string =>
  execFileSync('sh', ['-ec', command], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

/** What `ip -j …` or `bridge -j …` says. */
export const told = (command: string): Record<string, unknown>[] => JSON.parse(run(command) || '[]');

/** Whether this kernel has VXLAN devices: EOPNOTSUPP otherwise. */
export function hasVxlan(): boolean {
  try {
    run('ip link add probe type vxlan id 1 dstport 4789 && ip link del probe');
    return true;
  } catch {
    return false;
  }
}

const ROUTER = 'routes-router';
export const FAR_NODE = 'routes-far';
export const POD = 'routes-pod';
export const FAR_POD = 'routes-far-pod';

/**
 * node-1 is where the test runs: eth0 with 192.168.1.1 and fd00::1. A router stands between its network and that of node-3
 * (192.168.3.3, fd00:3::3), which is programmed by hand. Each has a pod: 10.1.1.5, fd01:0:0:1::5 and 10.1.3.5,
 * fd01:0:0:3::5, one packet 1500 bytes on every link.
 */
export class Underlay {
  readonly #children: ChildProcess[] = [];

  static open(): Underlay {
    run('ip link set lo up; echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv6/conf/all/forwarding');
    for (const space of [ROUTER, FAR_NODE, POD, FAR_POD]) run(`ip netns add ${space}; ip -n ${space} link set lo up`);
    for (const space of [ROUTER, FAR_NODE]) {
      run(`ip netns exec ${space} sh -c 'echo 1 > /proc/sys/net/ipv4/ip_forward'`);
      run(`ip netns exec ${space} sh -c 'echo 1 > /proc/sys/net/ipv6/conf/all/forwarding'`);
    }
    cable('', 'eth0', ROUTER, 'near', ['192.168.1.1/24', 'fd00::1/64'], ['192.168.1.254/24', 'fd00::ffff/64']);
    cable(FAR_NODE, 'eth0', ROUTER, 'far', ['192.168.3.3/24', 'fd00:3::3/64'], ['192.168.3.254/24', 'fd00:3::ffff/64']);
    run('ip route add default via 192.168.1.254; ip -6 route add default via fd00::ffff');
    run(
      `ip -n ${FAR_NODE} route add default via 192.168.3.254; ip -n ${FAR_NODE} -6 route add default via fd00:3::ffff`,
    );
    pod('', POD, 1);
    pod(FAR_NODE, FAR_POD, 3);
    return new Underlay();
  }

  close(): void {
    for (const child of this.#children) child.kill('SIGKILL');
    for (const space of [ROUTER, FAR_NODE, POD, FAR_POD]) run(`ip netns del ${space}`);
    // The ends of cables go with them.
  }

  /** The far node's side of both tunnels, by iproute2. */
  programFarNode(vxlanId: number, vxlanPort: number): void {
    const ends = [
      { family: 'IPv4', own: '192.168.3.3', other: '192.168.1.1', end: '10.1.1.0', range: '10.1.1.0/24', mtu: 1450 },
      { family: 'IPv6', own: 'fd00:3::3', other: 'fd00::1', end: 'fd01:0:0:1::', range: 'fd01:0:0:1::/64', mtu: 1430 },
    ] as const;
    for (const { family, own, other, end, range, mtu } of ends) {
      const name = TUNNEL_NAMES[family];
      const mac = tunnelMac(vxlanId, other);
      const vxlan = `vxlan id ${vxlanId} local ${own} dev eth0 dstport ${vxlanPort} nolearning`;
      run(
        `ip -n ${FAR_NODE} link add ${name} mtu ${mtu} address ${tunnelMac(vxlanId, own)} up type ${vxlan}
         ip -n ${FAR_NODE} neigh add ${end} lladdr ${mac} dev ${name} nud permanent
         bridge -n ${FAR_NODE} fdb add ${mac} dev ${name} dst ${other} self permanent
         ip -n ${FAR_NODE} route add ${range} via ${end} dev ${name} onlink`,
      );
    }
  }

  /** Answers each datagram in a namespace with who sent it and how long it was. */
  async answer(space: string, port: number): Promise<void> {
    await this.#start(
      space,
      `const udp = (type) => new Promise((resolve) => {
         const socket = require('node:dgram').createSocket({ type, ipv6Only: type === 'udp6' });
         socket.on('message', (text, from) => socket.send(from.address + ' ' + text.length, from.port, from.address));
         socket.bind(${port}, resolve);
       });
       Promise.all([udp('udp4'), udp('udp6')]).then(() => console.log('up'));`,
    );
  }

  /** Sends so many datagrams of a size, one after the other's answer; returns the different answers. */
  async ask(space: string, host: string, port: number, bytes: number, times: number): Promise<string[]> {
    const said = await this.#start(
      space,
      `const socket = require('node:dgram').createSocket('${host.includes(':') ? 'udp6' : 'udp4'}');
       const answers = new Set();
       let left = ${times};
       const send = () => socket.send(Buffer.alloc(${bytes}), ${port}, '${host}');
       const end = (text) => { console.log(JSON.stringify([...answers, ...text])); process.exit(); };
       socket.on('message', (text) => { answers.add(String(text)); left -= 1; if (left > 0) send(); else end([]); });
       socket.on('error', (error) => end([error.code]));
       setTimeout(() => end(['no answer']), 5000);
       send();`,
    );
    return JSON.parse(said);
  }

  /** Starts a script in a namespace and waits for its first line. */
  async #start(space: string, script: string): Promise<string> {
    const child = spawn('ip', ['netns', 'exec', space, process.execPath, '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#children.push(child);
    const [chunk] = await once(child.stdout, 'data');
    return String(chunk);
  }
}

const inSpace = (space: string) => (space === '' ? 'ip' : `ip -n ${space}`);

function cable(
  space: string,
  name: string,
  otherSpace: string,
  otherName: string,
  addresses: readonly string[],
  otherAddresses: readonly string[],
): void {
  const [ip, other] = [inSpace(space), inSpace(otherSpace)];
  run(`${ip} link add ${name} type veth peer name ${otherName} netns ${otherSpace}`);
  for (const address of addresses) run(`${ip} addr add ${address} dev ${name} ${nodad(address)}`);
  for (const address of otherAddresses) run(`${other} addr add ${address} dev ${otherName} ${nodad(address)}`);
  run(`${ip} link set ${name} up; ${other} link set ${otherName} up`);
}

/** With one route a pod, as CNIs without a bridge do it. */
function pod(nodeSpace: string, space: string, number: number): void {
  const ends = [`10.1.${number}`, `fd01:0:0:${number}:`] as const;
  const [here, there] = [ends.map((net) => full(net, 1)), ends.map((net) => full(net, 5))];
  cable(nodeSpace, `pod${number}`, space, 'eth0', here, there);
  for (const net of ends) {
    const bits = net.includes(':') ? 128 : 32;
    run(`${inSpace(nodeSpace)} route add ${host(net, 5)}/${bits} dev pod${number}`);
    run(
      `ip -n ${space} route add ${host(net, 1)}/${bits} dev eth0; ip -n ${space} route add default via ${host(net, 1)}`,
    );
  }
}

const host = (net: string, last: number) => (net.includes(':') ? `${net}:${last}` : `${net}.${last}`);
const full = (net: string, last: number) => `${host(net, last)}/${net.includes(':') ? 128 : 32}`;
const nodad = (address: string) => (address.includes(':') ? 'nodad' : '');
