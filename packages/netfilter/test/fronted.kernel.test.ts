import { execFileSync } from 'node:child_process';
import { afterEach, describe, expect, it } from 'vitest';
import { FrontedNetfilter, FrontedSets, ipset, iptables, nft } from '../src/index.ts';
import { doorCases, setCases } from './door-cases.ts';

const kernelNft = (...args: string[]) => String(execFileSync('nft', args));
const door = (front: 'iptables' | 'nft') =>
  new FrontedNetfilter({ family: 'IPv4', iptables: iptables(), nft: nft(), front: () => front });
const sets = (front: 'iptables' | 'nft') =>
  new FrontedSets({ ipset: ipset(), nft: new Map([['IPv4', nft()]]), front: () => front });

afterEach(() => {
  kernelNft('flush', 'ruleset');
  execFileSync('ipset', ['destroy']);
});

describe('the door with its front in iptables', () => doorCases(() => door('iptables')));

describe('the door with its front in nft', () => {
  doorCases(() => door('nft'));

  it('wrote none of that into table nat of iptables', async () => {
    await door('nft').restore('*nat\n:CITY-A - [0:0]\n-A CITY-A -j RETURN\n-I PREROUTING 1 -j CITY-A\nCOMMIT\n');
    expect(await iptables().save('nat')).not.toContain('CITY-A');
    expect(kernelNft('list', 'chain', 'ip', 'kubecity', 'PREROUTING')).toContain('priority dstnat - 10;');
  });

  it('names the line of a rule that it has no words for', async () => {
    const rule = '-A CITY-A -m conntrack --ctstate NEW -j RETURN';
    await expect(door('nft').restore(`*nat\n:CITY-A - [0:0]\n${rule}\nCOMMIT\n`)).rejects.toMatchObject({
      code: 'refused',
      line: rule,
    });
    expect(kernelNft('list', 'tables')).toBe('');
  });

  it('leaves no table behind its last chain', async () => {
    const [first, both] = [':CITY-SERVICES - [0:0]\n', ':CITY-SERVICES - [0:0]\n:CITY-A - [0:0]\n'];
    await door('nft').restore(`*nat\n${both}-A CITY-SERVICES -j CITY-A\n-I OUTPUT 1 -j CITY-SERVICES\nCOMMIT\n`);
    await door('nft').restore(`*nat\n-D OUTPUT -j CITY-SERVICES\n${first}:CITY-A - [0:0]\n-X CITY-A\nCOMMIT\n`);
    expect(kernelNft('list', 'tables')).toContain('kubecity');
    await door('nft').restore(`*nat\n${first}-X CITY-SERVICES\nCOMMIT\n`);
    expect(kernelNft('list', 'tables')).not.toContain('kubecity');
  });
});

describe('the sets with their front in iptables', () => setCases(() => sets('iptables')));

describe('the sets with their front in nft', () => {
  it('keeps clients in our table and destroys them there, and those of the other side too', async () => {
    const create = (name: string) => `create ${name} hash:ip family inet timeout 0 maxelem 1048576\n`;
    await ipset().restore(create('CITY-A4-old'));
    await sets('nft').restore(`${create('CITY-A4-x')}${create('CITY-A4-y')}`);
    expect((await sets('nft').list()).sort()).toEqual(['CITY-A4-old@', 'CITY-A4-x', 'CITY-A4-y']);
    await sets('nft').restore('add CITY-A4-y 10.244.1.9 timeout 60\n');
    const asked = ['CITY-A4-x', 'CITY-A4-y', 'CITY-A4-gone'];
    const holding = (member: string) => sets('nft').holding(asked.map((set) => [set, member] as const));
    expect(await holding('10.244.1.9')).toEqual(new Set(['CITY-A4-y 10.244.1.9']));
    expect(await holding('10.244.1.8')).toEqual(new Set());
    await sets('nft').restore('destroy CITY-A4-old@\n');
    await sets('nft').restore('destroy CITY-A4-x\n');
    expect(await sets('nft').list()).toEqual(['CITY-A4-y']);
    expect(await ipset().list()).toEqual([]);
    await expect(sets('nft').restore('destroy CITY-A4-x\n')).rejects.toMatchObject({
      code: 'refused',
      message: expect.stringContaining('No such file'),
    });
  });

  it('does not destroy one that a rule asks for', async () => {
    await sets('nft').restore('create CITY-A4-x hash:ip family inet timeout 0 maxelem 1048576\n');
    await door('nft').restore('*nat\n:CITY-A - [0:0]\n-A CITY-A -m set --match-set CITY-A4-x src -j RETURN\nCOMMIT\n');
    await expect(sets('nft').restore('destroy CITY-A4-x\n')).rejects.toMatchObject({
      message: expect.stringContaining('resource busy'),
    });
  });
});
