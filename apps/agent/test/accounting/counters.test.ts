import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { enableCounters } from '../../src/accounting/counters.ts';
import { openSysctls } from '../../src/host/sysctl.ts';

const root = mkdtempSync(join(tmpdir(), 'kubecity-counters-'));
const file = join(root, 'net/netfilter/nf_conntrack_acct');
mkdirSync(join(root, 'net/netfilter'), { recursive: true });
afterAll(() => rmSync(root, { recursive: true }));

test('switches counters on once, and says so once', async () => {
  writeFileSync(file, '0\n');
  const log = { info: vi.fn(), warn: vi.fn() };
  expect(await enableCounters(log, openSysctls(root))).toBe('switched-on');
  expect(readFileSync(file, 'utf8')).toBe('1');
  expect(await enableCounters(log, openSysctls(root))).toBe('on');
  expect(log.info).toHaveBeenCalledTimes(1);
  expect(log.warn).not.toHaveBeenCalled();
});

test('says why when it cannot', async () => {
  const log = { info: vi.fn(), warn: vi.fn() };
  expect(await enableCounters(log, openSysctls(join(root, 'absent')))).toBe('unavailable');
  expect(log.warn.mock.calls[0]?.[0]).toMatchObject({ err: { code: 'absent' } });
});
