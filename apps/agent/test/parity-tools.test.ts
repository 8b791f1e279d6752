import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ipset, iptables } from '@kubecity/netfilter';
import { afterAll, beforeAll, expect, it } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'kubecity-tools-'));
const path = process.env.PATH;

/** Tools that note how they were called and what they were given. */
beforeAll(() => {
  for (const name of ['iptables-restore', 'ip6tables-restore', 'iptables', 'ipset']) {
    writeFileSync(join(folder, name), `#!/bin/sh\necho "${name} $*" >> ${folder}/calls\ncat >> ${folder}/calls\n`);
    chmodSync(join(folder, name), 0o755);
  }
  process.env.PATH = `${folder}:${path}`;
});
afterAll(() => {
  process.env.PATH = path;
  rmSync(folder, { recursive: true });
});

it('the tools wait five seconds for the lock, and what is not named is not flushed', async () => {
  await iptables().restore('*nat\nCOMMIT\n');
  await iptables({ family: 'IPv6' }).restore('*filter\nCOMMIT\n');
  await iptables().list('nat', ['CITY-SERVICES']);
  await ipset().restore('create CITY-A4-X hash:ip\n');
  expect(readFileSync(join(folder, 'calls'), 'utf8').split('\n')).toEqual([
    'iptables-restore --noflush -w 5',
    '*nat',
    'COMMIT',
    'ip6tables-restore --noflush -w 5',
    '*filter',
    'COMMIT',
    'iptables -w 5 -t nat -S CITY-SERVICES',
    'ipset restore',
    'create CITY-A4-X hash:ip',
    '',
  ]);
});
