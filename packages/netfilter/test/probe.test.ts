import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { probe } from '../src/probe.ts';

const folder = mkdtempSync(join(tmpdir(), 'kubecity-probe-'));
const { PATH } = process.env;
afterEach(() => {
  process.env.PATH = PATH;
  rmSync(folder, { recursive: true, force: true });
});

/** iptables 1.8.9 of either flavour, with `--test`, where the kernel has no xt_LED: exit code 0. */
const WARNING = 'Warning: Extension LED revision 0 not supported, missing kernel module?';

it('takes the warning of a trial for the refusal that it would be', async () => {
  const tool = join(folder, 'iptables-odd-restore');
  writeFileSync(tool, `#!/bin/sh\nwhile read -r line; do case $line in *LED*) echo '${WARNING}' >&2 ;; esac; done\n`);
  chmodSync(tool, 0o755);
  process.env.PATH = `${folder}:${PATH}`;
  const { rule } = probe('-odd');
  expect(await rule('IPv4', 'filter', '-A FORWARD -j LED --led-trigger-id x')).toBe(
    'Extension LED revision 0 not supported, missing kernel module?',
  );
  expect(await rule('IPv4', 'filter', '-A FORWARD -j DROP')).toBeUndefined();
  expect(await rule('IPv6', 'filter', '-A FORWARD -j DROP')).toContain('not installed');
});
