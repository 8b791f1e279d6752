import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { enableCounters } from '../../src/accounting/counters.ts';

const folder = mkdtempSync(join(tmpdir(), 'kubecity-counters-'));
const file = join(folder, 'nf_conntrack_acct');
afterAll(() => rmSync(folder, { recursive: true }));

test('switches counters on once, and says so once', async () => {
  writeFileSync(file, '0\n');
  const log = { info: vi.fn(), warn: vi.fn() };
  expect(await enableCounters(log, file)).toBe('switched-on');
  expect(readFileSync(file, 'utf8')).toBe('1');
  expect(await enableCounters(log, file)).toBe('on');
  expect(log.info).toHaveBeenCalledTimes(1);
  expect(log.warn).not.toHaveBeenCalled();
});

test('says why when it cannot', async () => {
  const log = { info: vi.fn(), warn: vi.fn() };
  expect(await enableCounters(log, join(folder, 'absent'))).toBe('unavailable');
  expect(log.warn.mock.calls[0]?.[0]).toMatchObject({ err: { code: 'ENOENT' } });
});
