import { describe, expect, it } from 'vitest';
import { Bench, FROM_WEB, pod, policy } from './bench.ts';

it('writes nothing before all lists are there, then all of it, and says what it enforces', async () => {
  const bench = new Bench();
  bench.isolation.begin();
  await bench.run();
  expect(bench.kernel.restores).toEqual([]);
  expect(bench.isolation.report()).toMatchObject({ state: 'failing', rules: 0, pods: [] });
  expect(bench.isolation.report().message).toContain('what was enforced before stays in force');
  expect(bench.isolation.trouble()).toContain('waiting for the first lists');
  await bench.begin();
  expect(bench.kernel.restores.length).toBe(1);
  expect(bench.told.at(-1)).toMatchObject({
    state: 'enforcing',
    policies: ['shop/db'],
    pods: [{ namespace: 'shop', name: 'db', ingress: [0] }],
  });
  expect(bench.told.at(-1)?.rules).toBeGreaterThan(4);
  expect(bench.isolation.trouble()).toBeUndefined();
  expect(await bench.chains).toContain('-A FORWARD -j CITY-ISOLATION');
});

it('writes what changed and no more; a pod that moves in and out of a set writes no rule', async () => {
  const bench = new Bench();
  const { tracker } = await bench.begin();
  const { length } = bench.kernel.restores;
  tracker.setPod(pod('other', 4, { app: 'web' }, 'node-b'));
  await bench.run();
  expect(bench.kernel.restores.length).toBe(length);
  expect(await bench.ipset.save()).toContain(' 10.244.1.4');
  expect(bench.applied).toEqual([true, false]);
  tracker.setPod(pod('other', 4, { app: 'other' }, 'node-b'));
  await bench.run();
  expect(await bench.ipset.save()).not.toContain(' 10.244.1.4');
  // Who comes out of a set may have had something open.
  expect(bench.applied).toEqual([true, false, true]);
  tracker.deletePolicy(FROM_WEB);
  await bench.run();
  expect(bench.told.at(-1)).toMatchObject({ state: 'enforcing', policies: [], pods: [] });
  expect(bench.applied).toEqual([true, false, true, false]);
});

it('a restart writes nothing that is right already, and mends what is not', async () => {
  const bench = new Bench();
  await bench.begin();
  await bench.isolation.stop();
  const [rules, sets, { length }] = [await bench.chains, await bench.ipset.save(), bench.kernel.restores];
  await bench.begin(bench.open());
  expect(bench.kernel.restores.length).toBe(length);
  expect([await bench.chains, await bench.ipset.save()]).toEqual([rules, sets]);
  await bench.isolation.stop();
  bench.kernel.meddle('filter', (chains) => chains.set('CITY-JT-OLD', ['-j DROP']));
  await bench.ipset.restore('create CITY-I4-OLD hash:ip\n');
  await bench.begin(bench.open());
  expect([await bench.chains, await bench.ipset.save()]).toEqual([rules, sets]);
});

it('a closed pod may have the address, and what is open there, of one that is gone', async () => {
  const bench = new Bench();
  const { tracker } = await bench.begin();
  const idle = pod('idle', 7, { app: 'idle' });
  tracker.setPod(idle);
  await bench.run();
  bench.applied.length = 0;
  tracker.deletePod(idle);
  tracker.setPod(pod('late', 7, { app: 'db' }));
  await bench.run();
  tracker.setPod(pod('open', 8, { app: 'open' }));
  tracker.setPod({ ...pod('starting', 9, { app: 'db' }), status: { phase: 'Pending' } });
  await bench.run();
  tracker.setPolicy(policy('more', { podSelector: { matchLabels: { app: 'nobody' } } }));
  tracker.setPod(pod('other', 4, { app: 'web' }, 'node-b'));
  await bench.run();
  expect(bench.applied).toEqual([true, false]);
});

it('what an agent has narrowed that did not live to end connections is told by the next, which has nothing to write', async () => {
  const bench = new Bench();
  await bench.begin();
  await bench.isolation.stop();
  const { length } = bench.kernel.restores;
  bench.applied.length = 0;
  await bench.begin(bench.open());
  expect(bench.kernel.restores.length).toBe(length);
  expect(bench.applied).toEqual([true]);
});

it('a check that is under way when it stops is the last one', async () => {
  const bench = new Bench();
  await bench.begin();
  await bench.run(1_500);
  const reading = Promise.withResolvers<void>();
  bench.reading = () => reading.promise;
  const before = bench.reads;
  await bench.clock.advance(1_000);
  await bench.isolation.stop();
  reading.resolve();
  await bench.run();
  const { reads } = bench;
  expect(reads).toBeGreaterThan(before);
  for (let i = 0; i < 10; i++) await bench.clock.advance(1_000);
  expect(bench.reads).toBe(reads);
});

it('sees what another hand did, and tells it', async () => {
  const bench = new Bench();
  await bench.begin();
  const [rules, sets] = [await bench.chains, await bench.ipset.save()];
  bench.kernel.meddle('filter', (chains) => chains.set('FORWARD', ['-j ACCEPT']));
  // What the kernel would count.
  bench.kernel.restores.push('by another hand');
  await bench.run(1_500);
  expect(await bench.chains).toContain('-A FORWARD -j CITY-ISOLATION\n-A FORWARD -j ACCEPT');
  bench.kernel.meddle('filter', (chains) => chains.get('FORWARD')?.pop());
  expect(await bench.chains).toBe(rules);
  const [member = ''] = sets.split('\n').filter((line) => line.startsWith('add'));
  await bench.ipset.restore(member.replace(/^add/, 'del'));
  await bench.run(1_500);
  expect((await bench.ipset.save()).split('\n').sort()).toEqual(sets.split('\n').sort());
  expect(bench.drifts).toEqual([expect.stringContaining('jump'), expect.stringContaining('other members')]);
  expect(bench.applied).toEqual([true, true, true]);
});

it('keeps what it has where the kernel refuses, says so, and comes back', async () => {
  const bench = new Bench();
  const { tracker } = await bench.begin();
  const before = await bench.chains;
  bench.kernel.poison(/^-A CITY-ISOLATION-TO/);
  tracker.setPolicy(policy('web-only', { podSelector: { matchLabels: { app: 'web' } } }));
  await bench.run();
  expect(await bench.chains).toBe(before);
  expect(bench.told.at(-1)).toMatchObject({ state: 'failing' });
  expect(bench.told.at(-1)?.message).toContain('IPv4: ');
  expect(bench.isolation.trouble()).toBeUndefined();
  for (let i = 0; i < 30; i++) await bench.clock.advance(1_000);
  expect(bench.isolation.trouble()).toContain('NetworkPolicies: IPv4: ');
  bench.kernel.poison(undefined);
  for (let i = 0; i < 30; i++) await bench.clock.advance(1_000);
  expect(bench.told.at(-1)).toMatchObject({ state: 'enforcing', policies: ['shop/db', 'shop/web-only'] });
  expect(await bench.chains).toContain('web-only');
  expect(bench.isolation.trouble()).toBeUndefined();
});

it('one gate that the kernel does not take is closed altogether, and all others go on', async () => {
  const bench = new Bench();
  const { tracker } = await bench.begin();
  bench.kernel.poison(/-p sctp .*RETURN/);
  const ports = [{ port: 7, protocol: 'SCTP' }, { port: 80 }];
  tracker.setPolicy(policy('odd', { podSelector: { matchLabels: { app: 'web' } }, ingress: [{ ports }] }));
  tracker.setPolicy(
    policy('even', { podSelector: { matchLabels: { app: 'db' } }, ingress: [{ ports: [{ port: 81 }] }] }),
  );
  await bench.run();
  const rules = (name: string) =>
    bench.chains.then((text) => text.split('\n').filter((line) => new RegExp(`^-A CITY-JT-\\S*${name}`).test(line)));
  expect(await rules('odd')).toEqual([expect.stringContaining('closed by shop/odd')]);
  expect((await rules('db')).join()).toContain('--dport 81');
  expect(bench.told.at(-1)).toMatchObject({ state: 'failing', policies: ['shop/db', 'shop/even', 'shop/odd'] });
  expect(bench.told.at(-1)?.message).toContain('the pods behind it are closed to everybody');
  // Nothing of it is taken for another hand's work, nor written again and again.
  const { length } = bench.kernel.restores;
  bench.kernel.restores.push('by another hand');
  await bench.run(3_000);
  expect([bench.drifts, bench.kernel.restores.length]).toEqual([[], length + 1]);
  tracker.setPolicy(
    policy('odd', { podSelector: { matchLabels: { app: 'web' } }, ingress: [{ ports: [{ port: 80 }] }] }),
  );
  await bench.run();
  expect((await rules('odd')).length).toBe(2);
  expect(bench.told.at(-1)).toMatchObject({ state: 'enforcing' });
});

describe('what the kernel does not take', () => {
  const SCTP = /-p sctp .*RETURN|-A CITY-JTRIAL -p sctp/;
  const web = (ports: readonly object[]) =>
    policy('odd', { podSelector: { matchLabels: { app: 'web' } }, ingress: [{ ports }] });
  const gate = async (bench: Bench, name: string) =>
    (await bench.chains).split('\n').filter((line) => new RegExp(`^-A CITY-JT-\\S*${name}`).test(line));

  it('is tried again after pauses that grow, and stays closed until it is taken', async () => {
    const bench = new Bench();
    const { tracker } = await bench.begin();
    const refusals: number[] = [];
    const began = bench.clock.now();
    bench.kernel.poison({ test: (line) => SCTP.test(line) && refusals.push(bench.clock.now() - began) > 0 });
    tracker.setPolicy(web([{ port: 7, protocol: 'SCTP' }]));
    await bench.run();
    for (let i = 0; i < 400; i++) await bench.clock.advance(1_000);
    const pauses = refusals.slice(1).map((at, i) => Math.round((at - (refusals[i] ?? 0)) / 1_000));
    // A check comes every second.
    expect(pauses.length).toBe(3);
    for (const [i, pause] of pauses.entries()) expect(pause - 30 * 2 ** i).toBeOneOf([0, 1]);
    expect((await gate(bench, 'odd')).length).toBe(1);
    expect(bench.drifts).toEqual([]);
    bench.kernel.poison(undefined);
    for (let i = 0; i < 245; i++) await bench.clock.advance(1_000);
    expect((await gate(bench, 'odd')).length).toBe(2);
    expect(bench.told.at(-1)).toMatchObject({ state: 'enforcing' });
    expect(bench.told.at(-1)).not.toHaveProperty('message');
    expect(bench.drifts).toEqual([]);
  });

  it('is found rule by rule where the error names no line', async () => {
    const bench = new Bench();
    const { tracker } = await bench.begin();
    bench.kernel.poison(SCTP, false);
    tracker.setPolicy(web([{ port: 7, protocol: 'SCTP' }, { port: 80 }]));
    await bench.run();
    expect(await gate(bench, 'odd')).toEqual([expect.stringContaining('closed by shop/odd')]);
    expect((await gate(bench, 'db')).length).toBe(2);
    expect(bench.told.at(-1)).toMatchObject({
      state: 'failing',
      message: expect.stringMatching(/closed to everybody/),
    });
    expect(await bench.chains).not.toContain('JTRIAL');
  });

  it.each([true, false])(
    'without memory of refusals it refuses as before, and says so (line named: %s)',
    async (named) => {
      const bench = new Bench();
      bench.kernel.poison(/-m hashlimit/, named);
      await bench.begin();
      const refused = (await bench.chains).split('\n').filter((line) => line.startsWith('-A CITY-JREFUSED'));
      expect(refused).toEqual(['-A CITY-JREFUSED -j DROP']);
      expect((await gate(bench, 'db')).length).toBe(2);
      expect(bench.told.at(-1)).toMatchObject({
        state: 'enforcing',
        policies: ['shop/db'],
        message: expect.stringMatching(/^refused attempts are only counted.*modprobe xt_hashlimit/),
      });
      expect(bench.isolation.trouble()).toBeUndefined();
      bench.kernel.poison(undefined);
      for (let i = 0; i < 40; i++) await bench.clock.advance(1_000);
      expect(await bench.chains).toContain('-m hashlimit');
      expect(bench.told.at(-1)).not.toHaveProperty('message');
    },
  );
});

it('tells a fault of a policy that closes a pod here, once until it is mended', async () => {
  const bench = new Bench();
  const { tracker } = await bench.begin();
  const bad = (name: string, app: string) =>
    policy(name, { podSelector: { matchLabels: { app } }, ingress: [{ ports: [{ port: 99_999 }] }] });
  tracker.setPolicy(bad('bad', 'db'));
  tracker.setPolicy(bad('bad-elsewhere', 'nobody'));
  await bench.run();
  tracker.setPod(pod('late', 9, { app: 'db' }));
  await bench.run();
  expect(bench.problems.map(({ name, field }) => [name, field])).toEqual([['bad', 'spec.ingress[0].ports[0].port']]);
  expect(bench.told.at(-1)?.problems.map(({ name }) => name)).toEqual(['bad', 'bad-elsewhere']);
  tracker.deletePolicy(bad('bad', 'db'));
  await bench.run();
  tracker.setPolicy(bad('bad', 'db'));
  await bench.run();
  expect(bench.problems.map(({ name }) => name)).toEqual(['bad', 'bad']);
});

it('waits for the mode, and takes everything away in observe', async () => {
  const bench = new Bench();
  await bench.begin();
  await bench.isolation.stop();
  const before = await bench.chains;
  bench.mode = { mode: 'observe', decided: false };
  await bench.begin(bench.open());
  expect(await bench.chains).toBe(before);
  bench.mode = { mode: 'observe', decided: true };
  await bench.run();
  expect(await bench.chains).not.toContain('CITY-');
  expect([...bench.ipset.sets]).toEqual([]);
  expect(bench.told.at(-1)).toMatchObject({ state: 'held', policies: [], rules: 0 });
  expect(bench.isolation.trouble()).toBeUndefined();
  bench.mode = { mode: 'steer', decided: true };
  await bench.run();
  expect((await bench.chains).split('\n').sort()).toEqual(before.split('\n').sort());
  for (const mode of ['observe', 'steer'] as const) {
    bench.mode = { mode, decided: true };
    await bench.run();
  }
  // What was opened meanwhile may have to end.
  expect(bench.applied.slice(-2)).toEqual([true, true]);
});

it('counts no rules and sets where none are left', async () => {
  const bench = new Bench();
  const { rules, sets, gates } = bench.metrics;
  const figures = async () => {
    const all = await Promise.all([rules, sets, gates].map((gauge) => gauge.get()));
    return all.map(({ values }) => values.reduce((sum, { value }) => sum + value, 0));
  };
  await bench.begin();
  const before = await figures();
  expect(before.every((figure) => figure > 0)).toBe(true);
  bench.mode = { mode: 'observe', decided: true };
  await bench.run();
  expect(await figures()).toEqual([0, 0, 0]);
  bench.mode = { mode: 'steer', decided: true };
  await bench.run();
  expect(await figures()).toEqual(before);
});

it('off takes away what was left, tries again where that fails, and enforces nothing', async () => {
  const bench = new Bench();
  await bench.begin();
  await bench.isolation.stop();
  bench.kernel.failNext();
  await bench.begin(bench.open(false));
  expect(bench.told.at(-1)).toMatchObject({ state: 'off' });
  expect(bench.told.at(-1)?.message).toContain('cannot be taken away');
  await bench.clock.advance(2_000);
  await bench.run();
  expect(await bench.chains).not.toContain('CITY-');
  expect(bench.told.at(-1)).not.toHaveProperty('message');
});

it('what cannot be worked out is told; the kernel keeps what it has, and all is compiled anew', async () => {
  const bench = new Bench();
  const { tracker, compilers } = await bench.begin();
  const before = await bench.chains;
  const compiler = compilers.get('IPv4');
  if (compiler)
    compiler.update = () => {
      throw new Error('a set is missing');
    };
  tracker.setPolicy(policy('new', { podSelector: { matchLabels: { app: 'web' } } }));
  await bench.run();
  expect(await bench.chains).toBe(before);
  expect(bench.told.at(-1)).toMatchObject({
    state: 'failing',
    message: 'policies cannot be worked out: a set is missing',
  });
  await bench.clock.advance(2_000);
  await bench.run();
  expect(bench.told.at(-1)).toMatchObject({ state: 'enforcing', policies: ['shop/db', 'shop/new'] });
  expect(await bench.chains).toContain('closed by shop/new');
});

it('a missing right is told and is trouble; what was listed once goes on being enforced', async () => {
  const bench = new Bench();
  const { tracker } = await bench.begin();
  bench.missing = 'list networkpolicies: forbidden';
  bench.isolation.tell();
  expect(bench.told.at(-1)).toMatchObject({ state: 'failing', message: bench.missing, policies: ['shop/db'] });
  expect(bench.isolation.trouble()).toContain(bench.missing);
  tracker.setPod(pod('more', 5, { app: 'web' }));
  await bench.run();
  expect(await bench.ipset.save()).toContain(' 10.244.1.5');
});

it('a set that the kernel has not let go of is destroyed later', async () => {
  const bench = new Bench();
  const { tracker } = await bench.begin();
  const [peers = ''] = [...bench.ipset.sets].filter((name) => name.startsWith('CITY-I4-') && /web/.test(name));
  expect(peers).not.toBe('');
  bench.ipset.inUse = peers;
  tracker.deletePolicy(FROM_WEB);
  await bench.run();
  expect(bench.told.at(-1)).toMatchObject({ state: 'enforcing', policies: [] });
  expect([...bench.ipset.sets]).toContain(peers);
  bench.ipset.inUse = undefined;
  await bench.run(1_000);
  expect([...bench.ipset.sets]).not.toContain(peers);
  expect(bench.drifts).toEqual([]);
});
