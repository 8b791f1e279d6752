import { execFileSync, spawn } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { CommandError, inNetns, ip } from '../src/machine/command.ts';
import { addPodNetwork, buildNetwork, removePodNetwork } from '../src/machine/network.ts';
import { networks, planCity } from '../src/plan/city-plan.ts';

/** Runs in namespaces of its own (scripts/setup/test-steps.mjs): what is here was made here. */
const { nodes } = planCity({ nodes: 2 });
const [a, b] = ['10.244.1.2', '10.244.2.2'];

const run = (netns: string, ...command: string[]) => {
  const [nsenter = '', ...args] = [...inNetns(netns), ...command];
  return execFileSync(nsenter, args, { encoding: 'utf8' });
};
/** Opens a TCP connection and prints the address by which the other side knows us, or why there is none. */
const CONNECT = `
  const say = (text) => process.stdout.write(text);
  const [address, port] = process.argv.slice(1);
  const socket = require('node:net').connect({ host: address, port, timeout: 5000 });
  socket.on('data', say).on('error', ({ code }) => say(code)).on('timeout', () => socket.destroy());
`;
const SERVE = `require('node:net').createServer((s) => s.end(s.remoteAddress)).listen(8080, '0.0.0.0', () => console.log('up'))`;

async function serve(netns: string) {
  const [nsenter = '', ...args] = [...inNetns(netns), process.execPath, '-e', SERVE];
  const child = spawn(nsenter, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  await new Promise((resolve) => child.stdout.once('data', resolve));
  return child;
}
const ask = (netns: string, address: string) => run(netns, process.execPath, '-e', CONNECT, address, '8080');

beforeAll(async () => {
  await buildNetwork(nodes, networks.services);
  // the agents' part
  await ip(['route add 10.244.2.0/24 via 172.18.0.3'], 'node-a');
  await ip(['route add 10.244.1.0/24 via 172.18.0.2'], 'node-b');
  await addPodNetwork('node-a', 'shop.web-1', a);
  await addPodNetwork('node-b', 'shop.web-2', b);
});

afterAll(async () => {
  await ip(['link del underlay', ...readdirSync('/run/netns').map((name) => `netns del ${name}`)]);
});

describe('packets', () => {
  test.each([
    ['node-a', '172.18.0.3'],
    ['shop.web-1', b],
    ['shop.web-1', '172.18.0.3'],
    ['node-b', a],
    ['gate', '172.18.0.2'],
  ])('%s reaches %s: where nobody listens, the refusal comes back', (from, to) => {
    expect(ask(from, to)).toBe('ECONNREFUSED');
  });

  test('a pod sees the address of the pod that calls it', async () => {
    const server = await serve('shop.web-2');
    try {
      expect(ask('shop.web-1', b)).toBe(a);
      expect(ask('node-a', b)).toBe('172.18.0.2');
    } finally {
      server.kill();
    }
  });

  test('between pods they cross the rules of both nodes', async () => {
    const server = await serve('shop.web-2');
    const count = ['-p', 'tcp', '-s', a, '-d', b, '--syn'];
    try {
      for (const node of ['node-a', 'node-b']) run(node, 'iptables', '-I', 'FORWARD', ...count);
      ask('shop.web-1', b);
      for (const node of ['node-a', 'node-b']) {
        expect(run(node, 'iptables', '-L', 'FORWARD', '-v', '-n', '-x')).toMatch(/^\s+1\s/m);
      }
    } finally {
      for (const node of ['node-a', 'node-b']) run(node, 'iptables', '-D', 'FORWARD', ...count);
      server.kill();
    }
  });

  test('a cluster IP that the first node translates is reached by pod, node and gate', async () => {
    const server = await serve('shop.web-2');
    const dnat = ['-d', '10.96.0.7', '-p', 'tcp', '--dport', '80', '-j', 'DNAT', '--to', `${b}:8080`];
    try {
      for (const chain of ['PREROUTING', 'OUTPUT']) run('node-a', 'iptables', '-t', 'nat', '-A', chain, ...dnat);
      run('node-a', 'iptables', '-t', 'nat', '-A', 'POSTROUTING', '!', '-s', networks.cluster, '-j', 'MASQUERADE');
      for (const from of ['shop.web-1', 'node-a', 'gate']) {
        const caller = from === 'shop.web-1' ? a : '172.18.0.2';
        expect(run(from, process.execPath, '-e', CONNECT, '10.96.0.7', '80')).toBe(caller);
      }
    } finally {
      run('node-a', 'iptables', '-t', 'nat', '-F');
      server.kill();
    }
  });
});

test('a removed pod leaves no cable, no route and no namespace, and its address can be used again', async () => {
  await addPodNetwork('node-a', 'shop.gone', '10.244.1.9');
  await removePodNetwork('node-a', 'shop.gone', '10.244.1.9');
  expect(run('node-a', 'ip', '-br', 'link')).not.toContain('pod1-9');
  expect(run('node-a', 'ip', 'route')).not.toContain('10.244.1.9');
  expect(readdirSync('/run/netns')).not.toContain('shop.gone');
  await addPodNetwork('node-a', 'shop.next', '10.244.1.9');
  await removePodNetwork('node-a', 'shop.next', '10.244.1.9');
});

test('a command that fails says what it was and what it said', async () => {
  const failing = ip(['link set nosuch up']);
  await expect(failing).rejects.toThrow(CommandError);
  await expect(failing).rejects.toMatchObject({ code: 'failed', message: expect.stringContaining('nosuch') });
});
