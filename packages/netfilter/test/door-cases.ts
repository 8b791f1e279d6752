import { expect, it } from 'vitest';
import type { Ipset, Netfilter } from '../src/index.ts';

/** What every Netfilter must do, the real one and the fake alike: one table of cases runs against both. */
export function doorCases(open: () => Netfilter): void {
  it('keeps what it is given, in order, and prints it back', async () => {
    const door = open();
    await door.restore(
      '*nat\n:CITY-A - [0:0]\n-A CITY-A -s 203.0.113.1/32 -j RETURN\n-A CITY-A -j RETURN\n-I PREROUTING 1 -j CITY-A\nCOMMIT\n',
    );
    const lines = (await door.save('nat')).split('\n');
    expect(lines.filter((line) => line.startsWith('-A CITY-A'))).toEqual([
      '-A CITY-A -s 203.0.113.1/32 -j RETURN',
      '-A CITY-A -j RETURN',
    ]);
    expect(lines).toContain('-A PREROUTING -j CITY-A');
  });

  it('empties a chain that is declared again, and deletes one that is empty', async () => {
    const door = open();
    await door.restore('*nat\n:CITY-A - [0:0]\n-A CITY-A -j RETURN\nCOMMIT\n');
    await door.restore('*nat\n:CITY-A - [0:0]\nCOMMIT\n');
    expect(await door.save('nat')).not.toContain('-A CITY-A');
    await door.restore('*nat\n-X CITY-A\nCOMMIT\n');
    expect(await door.save('nat')).not.toContain('CITY-A');
  });

  it.each([
    ['a jump to a chain that is not there', '*nat\n:CITY-B - [0:0]\n-A CITY-B -j CITY-NOWHERE\nCOMMIT\n'],
    ['a rule in a chain that is not there', '*nat\n-A CITY-NOWHERE -j RETURN\nCOMMIT\n'],
    ['the deletion of a rule that is not there', '*nat\n-D PREROUTING -s 203.0.113.9/32 -j RETURN\nCOMMIT\n'],
  ])('refuses %s, and nothing of that table is applied', async (_title, text) => {
    const door = open();
    await expect(door.restore(text)).rejects.toMatchObject({ name: 'NetfilterError', code: 'refused' });
    expect(await door.save('nat')).not.toContain('CITY-B');
  });

  it('takes text in pieces, and names the line that failed in whichever piece it stands', async () => {
    const door = open();
    const rules = Array.from({ length: 3000 }, (_, i) => `-A CITY-A -s 203.0.${i >> 8}.${i & 255}/32 -j RETURN\n`);
    await door.restore(['*nat\n:CITY-A - [0:0]\n', ...rules, 'COMMIT\n']);
    expect((await door.list('nat', ['CITY-A'])).match(/^-A /gm)).toHaveLength(3000);
    const bad = ['*nat\n:CITY-B - [0:0]\n', ...rules, '-A CITY-B -j CITY-NOWHERE\n', 'COMMIT\n'];
    // The real one finds the missing chain at COMMIT or at its own line, by version; the rule is named in either case or none.
    await expect(door.restore(bad)).rejects.toMatchObject({ code: 'refused' });
    await expect(door.restore(['*nat\n', ...rules, '-A CITY-NOWHERE -j RETURN\n', 'COMMIT\n'])).rejects.toMatchObject({
      line: '-A CITY-NOWHERE -j RETURN',
    });
  });

  it('applies nothing of a table whose text broke off', async () => {
    const door = open();
    async function restore() {
      await door.restore({
        *[Symbol.iterator]() {
          yield '*nat\n:CITY-B - [0:0]\n';
          throw new Error('no more');
        },
      });
    }
    await expect(restore()).rejects.toThrow('no more');
    expect(await door.save('nat')).not.toContain('CITY-B');
  });

  it('writes what stands behind a promise when that is fulfilled, and never when it is rejected', async () => {
    const door = open();
    const after = (promise: Promise<unknown>) => [
      '*nat\n:CITY-A - [0:0]\nCOMMIT\n',
      promise,
      '*nat\n:CITY-B - [0:0]\nCOMMIT\n',
    ];
    const failed = Promise.reject(new Error('not full'));
    await expect(door.restore(after(failed))).rejects.toThrow('not full');
    expect(await door.save('nat')).not.toContain('CITY-B');
    const { promise, resolve } = Promise.withResolvers<void>();
    const restored = door.restore(after(promise));
    expect(await door.save('nat')).not.toContain('CITY-B');
    resolve();
    await restored;
    expect(await door.save('nat')).toMatch(/:CITY-A .*\n(.*\n)*:CITY-B /);
    await door.restore('*nat\n-X CITY-A\n-X CITY-B\nCOMMIT\n');
  });

  it('prints all tables at once, and counts its transactions', async () => {
    const door = open();
    expect(await door.restore('*filter\n:CITY-A - [0:0]\nCOMMIT\n*nat\n:CITY-B - [0:0]\nCOMMIT\n')).toBe(2);
    const text = await door.save();
    expect(text).toMatch(/\*filter\n[^*]*:CITY-A /);
    expect(text).toMatch(/\*nat\n[^*]*:CITY-B /);
    await door.restore('*filter\n-X CITY-A\nCOMMIT\n*nat\n-X CITY-B\nCOMMIT\n');
  });

  it('lists single chains, and passes over one that is not there', async () => {
    const door = open();
    await door.restore('*nat\n:CITY-A - [0:0]\n:CITY-B - [0:0]\n-A CITY-A -j CITY-B\nCOMMIT\n');
    const lines = (await door.list('nat', ['CITY-B', 'CITY-NOWHERE', 'CITY-A']))
      .split('\n')
      .filter((line) => line !== '');
    expect(lines).toEqual(['-N CITY-B', '-N CITY-A', '-A CITY-A -j CITY-B']);
    await door.restore('*nat\n:CITY-A - [0:0]\n:CITY-B - [0:0]\n-X CITY-A\n-X CITY-B\nCOMMIT\n');
  });

  it('tells what rules have matched, in the order of the chains asked for', async () => {
    const door = open();
    const rules = ['-p tcp -m tcp --dport 80 -m comment --comment "a -c 1 2 -j b" -j CITY-B', '-j RETURN'];
    const text = rules.map((rule) => `-A CITY-A ${rule}\n`).join('');
    await door.restore(`*nat\n:CITY-A - [0:0]\n:CITY-B - [0:0]\n${text}COMMIT\n`);
    expect(await door.listCounted('nat', ['CITY-B', 'CITY-NOWHERE', 'CITY-A'])).toEqual([
      { chain: 'CITY-B', rules: [] },
      { chain: 'CITY-A', rules: rules.map((rule) => ({ rule, packets: 0, bytes: 0 })) },
    ]);
    const many = ['CITY-B', ...Array.from({ length: 9 }, (_, i) => `CITY-NOWHERE-${i}`), 'CITY-A'];
    expect(await door.listCounted('nat', many)).toEqual(await door.listCounted('nat', ['CITY-B', 'CITY-A']));
    await door.restore('*nat\n:CITY-A - [0:0]\n:CITY-B - [0:0]\n-X CITY-A\n-X CITY-B\nCOMMIT\n');
  });
}

/** What every Ipset must do. */
export function setCases(open: () => Ipset): void {
  it('keeps names, refuses one twice and one that is not there, and does what stands before a fault', async () => {
    const door = open();
    const create = (name: string) => `create ${name} hash:ip family inet timeout 0 maxelem 1048576\n`;
    await door.restore(create('CITY-A4-x'));
    await expect(door.restore(`${create('CITY-A4-y')}${create('CITY-A4-x')}`)).rejects.toMatchObject({
      code: 'refused',
    });
    expect((await door.list()).sort()).toEqual(['CITY-A4-x', 'CITY-A4-y']);
    await expect(door.restore('destroy CITY-A4-z\n')).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringContaining('does not exist'),
    });
    await door.restore('destroy CITY-A4-x\ndestroy CITY-A4-y\n');
    expect(await door.list()).toEqual([]);
  });

  it('prints sets with their members', async () => {
    const door = open();
    await door.restore('create CITY-I4-a hash:ip family inet\nadd CITY-I4-a 10.244.1.9\nadd CITY-I4-a 10.244.1.8\n');
    await door.restore('create CITY-I6-b hash:ip family inet6\ndel CITY-I4-a 10.244.1.9\n');
    const lines = (await door.save()).split('\n').filter((line) => line !== '');
    expect(lines).toEqual([
      expect.stringMatching(/^create CITY-I4-a hash:ip family inet\b/),
      'add CITY-I4-a 10.244.1.8',
      expect.stringMatching(/^create CITY-I6-b hash:ip family inet6\b/),
    ]);
    await door.restore('destroy CITY-I4-a\ndestroy CITY-I6-b\n');
  });

  it('says which of many sets hold an address', async () => {
    const door = open();
    const names = Array.from({ length: 300 }, (_, i) => `CITY-A4-${i}`);
    const lines = (verb: string, rest: string) => names.map((name) => `${verb} ${name}${rest}\n`).join('');
    await door.restore(lines('create', ' hash:ip family inet timeout 0 maxelem 1048576'));
    await door.restore('add CITY-A4-7 10.244.1.9 timeout 600\nadd CITY-A4-250 10.244.1.9 timeout 600\n');
    await door.restore('add CITY-A4-8 10.244.1.8 timeout 600\n');
    await door.restore('create CITY-I4-a hash:ip,port family inet\nadd CITY-I4-a 10.244.1.9,tcp:80\n');
    const asking = (sets: readonly string[], member: string) => sets.map((set) => [set, member] as const);
    const asked = [...asking([...names, 'CITY-A4-gone'], '10.244.1.9'), ...asking(['CITY-I4-a'], '10.244.1.9,tcp:80')];
    const held = ['CITY-A4-7 10.244.1.9', 'CITY-A4-250 10.244.1.9', 'CITY-I4-a 10.244.1.9,tcp:80'];
    expect(await door.holding(asked)).toEqual(new Set(held));
    expect(await door.holding(asking(names, '10.244.1.7'))).toEqual(new Set());
    expect(await door.holding(asking(['CITY-I4-a'], '10.244.1.9,tcp:81'))).toEqual(new Set());
    expect(await door.holding([])).toEqual(new Set());
    await door.restore('destroy CITY-I4-a\n');
    await door.restore(lines('destroy', ''));
  });
}
