import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { PolicyCounts, RefusedAttempt } from '@kubecity/protocol';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { eventually } from './lab/eventually.ts';
import { IsolatedCity, PORT, vipsOf } from './lab/isolated-city.ts';

/** What whole agents tell of policies in force, and what they end, judged by packets. */
const city = new IsolatedCity();
const PUSHER = fileURLToPath(new URL('lab/pusher.mjs', import.meta.url));
const PUSH_PORT = 9090;

const only = (app: string, ports: readonly number[] = [PORT]) => ({
  podSelector: { matchLabels: { app: 'db' } },
  ingress: [
    {
      from: [{ podSelector: { matchLabels: { app } } }],
      ports: ports.flatMap((port) => [{ port }, { port, protocol: 'UDP' }]),
    },
  ],
});

beforeAll(async () => {
  await city.open();
  await city.addPod('node-a', 'db', 2, { labels: { app: 'db' } });
  await city.addPod('node-a', 'near', 3, { labels: { app: 'near' } });
  await city.addPod('node-b', 'far', 3, { labels: { app: 'far' } });
  await city.addPod('node-b', 'other', 4, { labels: { app: 'other' } });
  city.putService('db', 10, ['db']);
  for (const node of ['node-a', 'node-b']) city.startAgent(node);
  for (const node of ['node-a', 'node-b']) await city.tells(node, 'enforcing', []);
}, 120_000);
afterAll(() => city.close());

const address = (pod: string, family: 4 | 6 = 4) => city.pod(pod).addresses[family];
const knock = (from: string, family: 4 | 6 = 4, protocol: 'tcp' | 'udp' = 'tcp') =>
  city.knock(from, [address('db', family), PORT], protocol);
const refusedBy = (node: string): RefusedAttempt[] => city.hub.of(node).refused.flatMap(({ rows }) => rows);
const lastCount = (policy: string, direction: PolicyCounts['rows'][number]['direction']) =>
  city.hub
    .of('node-a')
    .counts.flatMap(({ rows }) => rows)
    .findLast((row) => row.policy === policy && row.direction === direction);

async function applied(node: string, name: string, spec: object): Promise<void> {
  await city.apply(name, spec);
  await city.tells(node, 'enforcing', [name]);
}

async function removed(node: string, name: string): Promise<void> {
  await city.remove(name);
  await city.tells(node, 'enforcing', []);
}

describe('refused attempts', () => {
  it('are told by the node that refuses, with the direction and the policies', async () => {
    await applied('node-a', 'db', only('near'));
    for (const family of [4, 6] as const) {
      for (const protocol of ['tcp', 'udp'] as const) {
        expect(await knock('far', family, protocol)).toBe('closed');
        const attempt = {
          ...{ from: address('far', family), to: address('db', family) },
          ...{ protocol: protocol.toUpperCase(), port: PORT, direction: 'ingress', policies: ['shop/db'] },
        };
        await eventually(() => expect(refusedBy('node-a')).toContainEqual({ at: expect.any(Number), ...attempt }));
      }
    }
    expect(await knock('near')).toBe('db');
    await removed('node-a', 'db');
    expect(refusedBy('node-a').every(({ from }) => from === address('far') || from === address('far', 6))).toBe(true);
    expect(refusedBy('node-b')).toEqual([]);
  });

  it('of a sender are told by its own node, and behind DNAT', async () => {
    await applied('node-b', 'silent', { podSelector: { matchLabels: { app: 'far' } }, policyTypes: ['Egress'] });
    expect(await city.knock('far', [vipsOf(10)[0], 80])).toBe('closed');
    const attempt = { from: address('far'), to: address('db'), protocol: 'TCP', port: PORT };
    await eventually(() =>
      expect(refusedBy('node-b')).toContainEqual(
        expect.objectContaining({ ...attempt, direction: 'egress', policies: ['shop/silent'] }),
      ),
    );
    await removed('node-b', 'silent');
  });

  it('on an address that nobody announced name no policy', async () => {
    await city.addPod('node-a', 'unknown', 9, { unknown: true });
    expect(await city.knocks('far', 'unknown')).toEqual(['closed']);
    await eventually(() =>
      expect(refusedBy('node-a')).toContainEqual(
        expect.objectContaining({ to: address('unknown'), direction: 'ingress', policies: [] }),
      ),
    );
    city.tellPod('unknown');
  });
});

describe('why a connection is refused', () => {
  it('is said beside what the rules do to it', async () => {
    await applied('node-a', 'db', only('near'));
    const ask = async (from: string, family: 4 | 6) => {
      const [source, destination] = [address(from, family), address('db', family)];
      const question = { kind: 'explain', from: 'pod', source, destination, port: PORT, protocol: 'TCP' } as const;
      const answer = await city.hub.ask('node-a', question);
      if (answer.kind !== 'explain') throw new Error(JSON.stringify(answer));
      expect(answer.unknown).toEqual([]);
      return answer.ends.map(({ kind, isolation }) => [kind, isolation?.ingress.verdict, isolation?.ingress.policies]);
    };
    for (const family of [4, 6] as const) {
      expect(await ask('far', family)).toEqual([['reject', 'refused', ['shop/db']]]);
      expect(await ask('near', family)).toEqual([['none', 'allowed', ['shop/db']]]);
    }
    const service = { source: address('far'), destination: vipsOf(10)[0], port: 80, protocol: 'TCP' } as const;
    const answer = await city.hub.ask('node-a', { kind: 'explain', from: 'pod', ...service });
    expect(answer).toMatchObject({
      ends: [{ kind: 'reject', to: `${address('db')}:${PORT}`, isolation: { ingress: { verdict: 'refused' } } }],
    });
    await removed('node-a', 'db');
  });
});

describe('counts of policies', () => {
  it('rise with first packets, and go on where rules are written anew', async () => {
    await applied('node-a', 'db', only('near'));
    // Counts begin with the first reading of the chain.
    const counted = await eventually(async () => {
      expect([await knock('near'), await knock('far')]).toEqual(['db', 'closed']);
      const count = lastCount('shop/db', 'ingress');
      if (!count || count.accepted === 0 || count.refused === 0) throw new Error('nothing counted yet');
      return count;
    });
    const settled = await eventually(async () => {
      const before = lastCount('shop/db', 'ingress');
      await new Promise((resolve) => setTimeout(resolve, 3_000));
      expect(lastCount('shop/db', 'ingress')).toEqual(before);
      return before as typeof counted;
    });
    for (let i = 0; i < 5; i++) expect([await knock('near'), await knock('far')]).toEqual(['db', 'closed']);
    const { accepted, refused } = settled;
    const more = { policy: 'shop/db', direction: 'ingress', accepted: accepted + 5, refused: refused + 5 };
    await eventually(() => expect(lastCount('shop/db', 'ingress')).toEqual(more));
    // A second policy makes another gate of it, whose chain begins at zero.
    await city.apply('other', only('other'));
    await city.tells('node-a', 'enforcing', ['db', 'other']);
    for (let i = 0; i < 3; i++) expect(await knock('near')).toBe('db');
    await eventually(() => expect(lastCount('shop/db', 'ingress')?.accepted).toBe(accepted + 8));
    await city.remove('other');
    await removed('node-a', 'db');
  });
});

describe('open connections', () => {
  it('end when a policy does not allow them any more, and live on where it does', async () => {
    const targets = [
      ...Object.values(city.pod('db').addresses).map((ip) => [ip, PORT] as const),
      [vipsOf(10)[0], 80] as const,
    ];
    for (const from of ['near', 'far']) {
      for (const [i, to] of targets.entries()) {
        const source = to[0].includes(':') ? address(from, 6) : address(from);
        const [made] = await city.client(from).open({ from: source, to, count: 1, group: `${from}-${i}` });
        expect(made?.outcome).toBe('ok');
        await city.client(from).chat({ group: `${from}-${i}`, up: 20, down: 40, everyMs: 50 });
      }
    }
    const egress = { podSelector: { matchLabels: { app: 'db' } }, policyTypes: ['Egress'] };
    await city.apply('mute', egress);
    await city.apply('db', only('near'));
    await city.tells('node-a', 'enforcing', ['db', 'mute']);
    for (const [i] of targets.entries()) {
      await eventually(() => {
        expect(entries(address('far'), address('far', 6))).toEqual([]);
      });
      expect((await city.client('far').quiet(`far-${i}`))[0]?.outcome).not.toBe('ok');
      const before = await city.client('near').quiet(`near-${i}`);
      expect(before[0]?.outcome).toBe('ok');
      const [after] = await city.client('near').say({ group: `near-${i}`, up: 20, down: 40, times: 1 });
      expect(after).toMatchObject({ outcome: 'ok', received: (before[0]?.received ?? 0) + 40 });
    }
    await city.remove('mute');
    await removed('node-a', 'db');
  });

  it('are not taken up the other way round by a server that goes on speaking', async () => {
    const start = (pod: string, ...words: string[]) => {
      const child = city.net.start(city.pod(pod).netns, [process.execPath, PUSHER, ...words]);
      const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream })[Symbol.asyncIterator]();
      return async () => (await lines.next()).value;
    };
    const server = start('db', 'push', String(PUSH_PORT));
    expect(await server()).toBe('ready');
    const hear = (pod: string) => start(pod, 'hear', address('db'), String(PUSH_PORT))();
    expect(await hear('far')).toBe('open');
    await applied('node-a', 'db', only('near', [PUSH_PORT]));
    // Its next words meet a reset. The client sends nothing, so it hears of nothing.
    expect(await server()).toBe('ECONNRESET');
    expect(entries(address('far'))).toEqual([]);
    expect(await hear('near')).toBe('open');
    await removed('node-a', 'db');
    expect(await hear('far')).toBe('open');
  });
});

/** Connections that the node of the server knows, from or to these addresses. */
function entries(...from: string[]): string[] {
  const text = ['ipv4', 'ipv6'].map((family) => city.net.run('node-a', 'conntrack', '-L', '-f', family)).join('\n');
  return text.split('\n').filter((line) => /ESTABLISHED/.test(line) && from.some((one) => line.includes(`=${one} `)));
}
