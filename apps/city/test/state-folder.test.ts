import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { identify, isAlive, parentOf } from '../src/launcher/process-identity.ts';
import { claimState, findCity, statePath } from '../src/launcher/state-folder.ts';

const now = new Date('2026-11-22T18:00:00Z');
let runtime: string;

beforeEach(() => {
  runtime = mkdtempSync(join(tmpdir(), 'kubecity-state-'));
  vi.stubEnv('XDG_RUNTIME_DIR', runtime);
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(runtime, { recursive: true });
});

/** Leaves behind what a city leaves that was killed: its launcher's number belongs to another process by now. */
function leaveBehind(text?: string) {
  claimState(now);
  const file = join(statePath(), 'city.json');
  const city = JSON.parse(readFileSync(file, 'utf8'));
  city.launcher.startTime = '1';
  writeFileSync(file, text ?? JSON.stringify(city));
  writeFileSync(join(statePath(), 'kubeconfig'), 'old');
}

test('a city has a folder that only its user can open, and tells about itself there', () => {
  const state = claimState(now);
  expect(state.path).toBe(statePath());
  expect(statSync(state.path).mode & 0o777).toBe(0o700);
  state.update({ url: 'http://127.0.0.1:8585/' });
  expect(findCity()).toEqual({
    launcher: identify(process.pid),
    startedAt: '2026-11-22T18:00:00.000Z',
    url: 'http://127.0.0.1:8585/',
    others: [],
  });
  state.remove();
  expect(findCity()).toBeUndefined();
  expect(readdirSync(runtime)).toEqual([]);
});

test('a second city is refused, with the place of the first', () => {
  claimState(now).update({ url: 'http://127.0.0.1:8585/' });
  expect(() => claimState(now)).toThrow(expect.objectContaining({ code: 'running' }));
  expect(() => claimState(now)).toThrow('http://127.0.0.1:8585/');
});

test.each([
  ['its process is another one by now', undefined],
  ['its file was cut short', '{"launcher":{"pid"'],
  ['its file is of another version', '{"pid":1}'],
])('what a killed city left is cleaned up: %s', (_, text) => {
  leaveBehind(text);
  expect(findCity()).toBeUndefined();
  const { path } = claimState(now);
  expect(readdirSync(path).toSorted()).toEqual(['city.json', 'logs']);
});

test('something else under our name is not touched', () => {
  writeFileSync(statePath(), 'mine');
  expect(() => claimState(now)).toThrow(expect.objectContaining({ code: 'not-ours' }));
  expect(readFileSync(statePath(), 'utf8')).toBe('mine');
});

test('a process is known by number and start', () => {
  const own = identify(process.pid);
  expect(own && isAlive(own)).toBe(true);
  expect(isAlive({ pid: process.pid, startTime: '1' })).toBe(false);
  expect(parentOf(process.pid)).toBe(process.ppid);
  // above the largest number that the kernel gives (2^22)
  expect(identify(2 ** 22 + 1)).toBeUndefined();
});
