/**
 * Child of the bench, in network namespaces of its own: one client (this process), one server that answers for every pod,
 * and between them nodes with different rules. All of them are asked in turns, so that neither a drift of the machine nor
 * the luck of one process favours any.
 */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join } from 'node:path';
import { request, scriptCommand } from '../namespace.ts';
import { since } from '../statistics.ts';
import type { LabAnswer, LabRequest, Target } from './latency.ts';
import { clusterIP } from './world.ts';

/** A pod by its own address: no rule is for it, though it is compared with them. */
const POD = '10.128.0.0';
const WARM_UP = 200;

interface Door {
  readonly node: number;
  readonly target: Target;
  readonly host: string;
  readonly port: number;
}

const { nodes, connections } = request<LabRequest>();
run('ip netns add server');
run('ip -n server link set lo up');
run('ip -n server route add local 10.128.0.0/10 dev lo');
const doors = nodes.flatMap(({ services, script, request }, node) => {
  makeNode(node);
  run(`ip netns exec node-${node}`, ...scriptCommand(script, request));
  return doorsOf(node, services);
});
const listener = scriptCommand(join(import.meta.dirname, 'latency-server.ts'), {});
const server = spawn('ip', ['netns', 'exec', 'server', ...listener], { stdio: ['ignore', 'pipe', 'inherit'] });
await once(server.stdout, 'data');

const times = new Map(doors.map((door) => [door, [] as number[]]));
for (let turn = -WARM_UP; turn < connections; turn++) {
  for (let at = 0; at < doors.length; at++) {
    const door = doors[(at + turn + WARM_UP) % doors.length] as Door;
    const time = await connectionTime(door);
    if (turn >= 0) times.get(door)?.push(time);
  }
}
server.kill();
const answer = [...times].map(([{ node, target }, microseconds]) => ({ node, target, microseconds }));
process.stdout.write(JSON.stringify(answer satisfies LabAnswer));

/** The client is a pod on every node, so its source stays as it is; which node it asks follows from its address. */
function makeNode(node: number): void {
  run(`ip netns add node-${node}`);
  run(`ip link add node-${node} type veth peer name client netns node-${node}`);
  run(`ip -n node-${node} link add server type veth peer name node-${node} netns server`);
  run(`ip -n node-${node} address add 10.255.${node}.1/24 dev client`);
  run(`ip -n node-${node} address add 192.168.${node}.1/24 dev server`);
  run(`ip address add 10.255.${node}.2/24 dev node-${node}`);
  run(`ip -n server address add 192.168.${node}.2/24 dev node-${node}`);
  for (const device of ['lo', 'client', 'server']) run(`ip -n node-${node} link set ${device} up`);
  run(`ip link set node-${node} up`);
  run(`ip -n server link set node-${node} up`);
  run(`ip rule add from 10.255.${node}.2 lookup ${100 + node}`);
  run(`ip route add default via 10.255.${node}.1 table ${100 + node}`);
  run(`ip -n node-${node} route add 10.128.0.0/10 via 192.168.${node}.2`);
  run(`ip -n server route add 10.255.${node}.0/24 via 192.168.${node}.1`);
  run(`ip netns exec node-${node} sysctl -qw net.ipv4.ip_forward=1`);
}

/** kube-proxy asks one Service after another, in an order of its own; in our tree they are ordered by address. */
function doorsOf(node: number, services: number): Door[] {
  const saved = run(`ip netns exec node-${node} iptables-save -t nat`);
  const listed = [...saved.matchAll(/^-A KUBE-SERVICES -d ([\d.]+)\/32 /gm)].map(([, address]) => address as string);
  const all = listed.length > 0 ? listed : Array.from({ length: services }, (_, at) => clusterIP(at)).sort(byNumber);
  const door = (target: Target, at: number) => ({ node, target, host: all[at] as string, port: 80 });
  return [
    { node, target: 'direct', host: POD, port: 8080 },
    door('first', 0),
    door('middle', all.length >> 1),
    door('last', all.length - 1),
  ];
}

/** Microseconds. */
function connectionTime({ node, host, port }: Door): Promise<number> {
  return new Promise((resolve, reject) => {
    const start = process.hrtime.bigint();
    const socket = connect({ host, port, localAddress: `10.255.${node}.2` });
    socket.once('connect', () => {
      resolve(since(start) * 1000);
      // A reset leaves no TIME_WAIT behind, so ports do not run out.
      socket.resetAndDestroy();
    });
    socket.once('error', reject);
  });
}

function byNumber(a: string, b: string): number {
  const number = (address: string) => address.split('.').reduce((sum, byte) => sum * 256 + Number(byte), 0);
  return number(a) - number(b);
}

/** Runs a command given as words, and words that may hold spaces. */
function run(words: string, ...more: string[]): string {
  const [command, ...args] = words.split(' ') as [string];
  return execFileSync(command, [...args, ...more], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'inherit'],
    maxBuffer: 2 ** 30,
  });
}
