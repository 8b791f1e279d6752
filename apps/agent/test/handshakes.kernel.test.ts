import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { expectLost, Handshakes } from './lab/handshakes.ts';
import { Lab } from './lab/lab.ts';

/** What the tests of changes of mode rely on: a packet that was lost counts, one that came and was not answered in time does not. */
const DOOR = { address: '10.244.1.1', port: 8080 };
const lab = new Lab();
const handshakes = new Handshakes();
const GOOD = (calls: number) => ({ 'p1 10.244.1.9': calls });

beforeAll(async () => {
  lab.addHost('p1', DOOR.address);
  lab.addHost('pod', '10.244.1.9');
  await lab.serve('p1', DOOR.port);
  handshakes.countAtServer('p1', DOOR.port);
  handshakes.countAtCaller('pod', [DOOR]);
});

afterAll(() => lab.close());

/** In this namespace (undefined = on the node) the first one of these packets is dropped, all others pass. */
function dropOne(host: string | undefined, hook: 'input' | 'forward', packets: string): void {
  const into = host === undefined ? [] : ['ip', 'netns', 'exec', host];
  const [program = '', ...args] = [...into, 'nft', '-f', '-'];
  execFileSync(program, args, {
    input: `table ip faults
delete table ip faults
table ip faults {
  chain fault { type filter hook ${hook} priority 600; ${packets} limit rate 1/day burst 1 packets drop; }
}`,
  });
}

const SYN = 'tcp flags & (syn | ack) == syn';
const SYN_ACK = 'tcp flags & (syn | ack) == (syn | ack)';

it('counts none while none is lost', async () => {
  expect(await lab.call('pod', DOOR.address, DOOR.port, 20)).toEqual(GOOD(20));
  await expectLost(handshakes, { asked: 0, answered: 0 });
});

it('counts a first packet that the node lost, although its call succeeds', async () => {
  dropOne(undefined, 'forward', SYN);
  expect(await lab.call('pod', DOOR.address, DOOR.port, 1)).toEqual(GOOD(1));
  await expectLost(handshakes, { asked: 1, answered: 0 });
});

it('counts an answer that the node lost', async () => {
  dropOne(undefined, 'forward', SYN_ACK);
  expect(await lab.call('pod', DOOR.address, DOOR.port, 1)).toEqual(GOOD(1));
  await expectLost(handshakes, { asked: 1, answered: 1 });
});

it('counts none where the first packet came and was not answered in time', async () => {
  const before = begunAgain();
  dropOne('p1', 'input', SYN);
  expect(await lab.call('pod', DOOR.address, DOOR.port, 1)).toEqual(GOOD(1));
  expect(begunAgain()).toBeGreaterThan(before);
  await expectLost(handshakes, { asked: 1, answered: 1 });
});

/** Handshakes of the caller's namespace that were begun again. */
function begunAgain(): number {
  const [names = [], values = []] = execFileSync('ip', ['netns', 'exec', 'pod', 'cat', '/proc/net/netstat'], {
    encoding: 'utf8',
  })
    .split('\n')
    .filter((line) => line.startsWith('TcpExt:'))
    .map((line) => line.split(' '));
  return Number(values[names.indexOf('TCPSynRetrans')]);
}
