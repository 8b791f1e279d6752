import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test, vi } from 'vitest';
import { enableCounters, watchCounters } from '../../src/accounting/counters.ts';
import { openSysctls } from '../../src/host/sysctl.ts';
import { HandClock } from '../hand-clock.ts';

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

test('switches them on again when somebody switched them off, and says when it cannot, once', async () => {
  const clock = new HandClock();
  const log = { info: vi.fn(), warn: vi.fn() };
  const switchedOff = vi.fn();
  const ensure = vi.fn<() => Promise<'same' | 'written'>>();
  const sysctls = { read: async () => '1', ensure };
  const watch = watchCounters({ found: 'on', sysctls, clock, log, switchedOff });
  const look = async (outcome: 'same' | 'written' | Error) => {
    if (outcome instanceof Error) ensure.mockRejectedValueOnce(outcome);
    else ensure.mockResolvedValueOnce(outcome);
    await clock.advance(30_000);
    return [watch.counters, switchedOff.mock.calls.length, log.info.mock.calls.length, log.warn.mock.calls.length];
  };
  expect(await look('same')).toEqual(['on', 0, 0, 0]);
  expect(await look('written')).toEqual(['switched-on', 1, 1, 0]);
  expect(await look('same')).toEqual(['on', 1, 1, 0]);
  expect(await look(new Error('read-only'))).toEqual(['unavailable', 2, 1, 1]);
  expect(await look(new Error('read-only'))).toEqual(['unavailable', 2, 1, 1]);
  expect(await look('written')).toEqual(['switched-on', 2, 2, 1]);
  watch.stop();
  await clock.advance(60_000);
  expect(ensure).toHaveBeenCalledTimes(6);
});
