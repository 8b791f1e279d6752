import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { type RefusalListener, type RefusalWatch, watchRefusals } from '../src/index.ts';

export const run = (command: string, ...args: string[]): string =>
  execFileSync(command, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });

/** The addresses that are translated to the server, and the server's own. */
export const SERVICE = '10.96.7.10';
export const SERVER = '10.201.2.2';
export const SERVICE6 = 'fd00:96:7::10';
export const SERVER6 = 'fd00:201:2::2';

/** Closed at the server. */
const WAKING_PORT = 8082;
const CHAIN = 'CT-TEST';
const CLIENT_SPACE = 'ct-test-client';
const SERVER_SPACE = 'ct-test-server';
const DOORS = [
  ['iptables', SERVICE],
  ['ip6tables', SERVICE6],
] as const;

/**
 * A client and a server in network namespaces with a node between them: client 10.201.1.2 — node — server 10.201.2.2, and
 * fd00:201:1::2 — node — fd00:201:2::2. The node is where the test runs, which needs root and a network namespace of its
 * own. Ports of SERVICE and SERVICE6: 80/TCP echoes, 81/TCP is closed, 82/TCP leads nowhere, 53/UDP answers three times as
 * much as it was asked. Port 8080 of the server is 80 without translation.
 */
export class Lab {
  readonly #children: ChildProcess[] = [];

  static async open(): Promise<Lab> {
    const lab = new Lab();
    writeFileSync('/proc/sys/net/netfilter/nf_conntrack_acct', '1');
    writeFileSync('/proc/sys/net/ipv4/ip_forward', '1');
    writeFileSync('/proc/sys/net/ipv6/conf/all/forwarding', '1');
    // The node asks for a neighbour with its link's own address: without the second that its proof takes no first packet waits.
    writeFileSync('/proc/sys/net/ipv6/conf/default/accept_dad', '0');
    for (const [index, namespace] of [CLIENT_SPACE, SERVER_SPACE].entries()) addNamespace(namespace, index + 1);
    for (const [tool, service] of DOORS) {
      run(tool, '-t', 'nat', '-N', CHAIN);
      run(tool, '-t', 'nat', '-I', 'PREROUTING', '-d', service, '-j', CHAIN);
    }
    translate('tcp', 80, 2, 8080);
    translate('tcp', 81, 2, 8081);
    translate('tcp', 82, 77, 8080);
    translate('udp', 53, 2, 5353);
    // Other tests may have left connections in the table of this namespace.
    run('conntrack', '-F');
    await lab.#start(SERVER_SPACE, SERVERS);
    return lab;
  }

  /** Runs a script at the client, with the words of CLIENT_WORDS; resolves when it says that it is done. */
  async atClient(script: string): Promise<void> {
    await this.#start(CLIENT_SPACE, `${CLIENT_WORDS}; Promise.all([${script}]).then(() => console.log('done'))`);
  }

  /** A watch that listens: it has told a knock that woke it. Such knocks, however late they are told, are not handed on. */
  async hearRefusals({ onRefusal, onLoss }: RefusalListener): Promise<RefusalWatch> {
    let awake = false;
    const watch = watchRefusals({
      onRefusal: (row) => {
        if (row.destinationPort === WAKING_PORT) awake = true;
        else onRefusal(row);
      },
      onLoss,
    });
    while (!awake) await this.atClient(`knock(${WAKING_PORT}, '${SERVER}')`);
    return watch;
  }

  close(): void {
    for (const child of this.#children) child.kill('SIGKILL');
    for (const [tool, service] of DOORS) {
      run(tool, '-t', 'nat', '-D', 'PREROUTING', '-d', service, '-j', CHAIN);
      run(tool, '-t', 'nat', '-F', CHAIN);
      run(tool, '-t', 'nat', '-X', CHAIN);
    }
    for (const namespace of [CLIENT_SPACE, SERVER_SPACE]) run('ip', 'netns', 'del', namespace);
  }

  /** Starts a script in a namespace and waits for its first line. */
  async #start(namespace: string, script: string): Promise<void> {
    const child = spawn('ip', ['netns', 'exec', namespace, process.execPath, '-e', script], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    this.#children.push(child);
    await once(child.stdout, 'data');
  }
}

function addNamespace(namespace: string, index: number): void {
  const net = `10.201.${index}`;
  const net6 = `fd00:201:${index}:`;
  const link = `ct-test${index}`;
  run('ip', 'netns', 'add', namespace);
  run('ip', 'link', 'add', link, 'type', 'veth', 'peer', 'name', 'eth0', 'netns', namespace);
  run('ip', 'addr', 'add', `${net}.1/24`, 'dev', link);
  run('ip', 'addr', 'add', `${net6}:1/64`, 'dev', link, 'nodad');
  run('ip', 'link', 'set', link, 'up');
  run('ip', '-n', namespace, 'addr', 'add', `${net}.2/24`, 'dev', 'eth0');
  run('ip', '-n', namespace, 'addr', 'add', `${net6}:2/64`, 'dev', 'eth0', 'nodad');
  run('ip', '-n', namespace, 'link', 'set', 'lo', 'up');
  run('ip', '-n', namespace, 'link', 'set', 'eth0', 'up');
  run('ip', '-n', namespace, 'route', 'add', 'default', 'via', `${net}.1`);
  run('ip', '-n', namespace, 'route', 'add', 'default', 'via', `${net6}:1`);
}

/** In both families, to a host of the server's networks. */
function translate(protocol: string, port: number, host: number, targetPort: number): void {
  const match = ['-p', protocol, '--dport', String(port)];
  const target = [`10.201.2.${host}:${targetPort}`, `[fd00:201:2::${host}]:${targetPort}`] as const;
  for (const [index, [tool]] of DOORS.entries()) {
    run(tool, '-t', 'nat', '-A', CHAIN, ...match, '-j', 'DNAT', '--to-destination', target[index] as string);
  }
}

const SERVERS = `
  const dgram = require('node:dgram');
  const answer = (udp) => udp.on('message', (text, from) => {
    udp.send(Buffer.concat([text, text, text]), from.port, from.address);
  });
  const echo = (peer) => peer.on('error', () => {}).pipe(peer);
  answer(dgram.createSocket({ type: 'udp6', ipv6Only: true })).bind(5353, () => {
    answer(dgram.createSocket('udp4')).bind(5353, () => {
      require('node:net').createServer(echo).listen(8080, () => console.log('up'));
    });
  });
`;

/**
 * visit: sends, waits for the whole echo and ends; stay: the same, but keeps the connection; knock: resolves when the
 * connection fails; attempt: sends a SYN, once; ask: one UDP exchange.
 */
const CLIENT_WORDS = `
  const net = require('node:net');
  const echo = (host, port, bytes, then) => new Promise((resolve, reject) => {
    let missing = bytes;
    const peer = net.connect(port, host, () => peer.write('x'.repeat(bytes)));
    peer.on('error', reject);
    peer.on('data', (data) => { missing -= data.length; if (missing === 0) then(peer, resolve); });
  });
  const visit = (port, bytes, host = '${SERVICE}') =>
    echo(host, port, bytes, (peer, resolve) => peer.on('close', resolve).end());
  const stay = (host, port, bytes) => echo(host, port, bytes, (peer, resolve) => resolve());
  const knock = (port, host = '${SERVICE}') => new Promise((resolve) => net.connect(port, host).on('error', resolve));
  const attempt = (port, host = '${SERVICE}') => new Promise((resolve) => {
    const peer = net.connect(port, host).on('error', () => {});
    setTimeout(() => resolve(peer.destroy()), 100);
  });
  const ask = (text, host = '${SERVICE}') => new Promise((resolve) => {
    const udp = require('node:dgram').createSocket(host.includes(':') ? 'udp6' : 'udp4');
    udp.on('message', resolve);
    udp.send(text, 53, host);
  });
  const times = (count, act) => Promise.all(Array.from({ length: count }, act));
`;
