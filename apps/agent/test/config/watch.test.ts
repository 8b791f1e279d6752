import { mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { parseCommandLine } from '../../src/config/command-line.ts';
import { loadConfig } from '../../src/config/load.ts';
import { type ConfigChange, watchConfig } from '../../src/config/watch.ts';

let folder: string;
let changes: ConfigChange[];
let errors: string[];
let stop: AbortController;

beforeEach(() => {
  vi.useFakeTimers();
  folder = mkdtempSync(join(tmpdir(), 'kubecity-config-'));
  changes = [];
  errors = [];
  stop = new AbortController();
});

afterEach(() => {
  stop.abort();
  vi.useRealTimers();
  rmSync(folder, { recursive: true });
});

/** Publishes `text` as the kubelet does with a ConfigMap: a new folder, then a link is exchanged. */
function publish(version: string, text: string): void {
  writeFileSync(join(folder, version), text);
  symlinkSync(version, join(folder, 'next'));
  renameSync(join(folder, 'next'), join(folder, 'agent.yaml'));
}

function watch(): void {
  const invocation = parseCommandLine(['--config', join(folder, 'agent.yaml')], {});
  watchConfig(invocation, loadConfig(invocation), {
    changed: (change) => changes.push(change),
    failed: ({ message }) => errors.push(message),
    signal: stop.signal,
  });
}

const poll = () => vi.advanceTimersByTime(2000);

it('tells which settings changed, and which of them need a new process', () => {
  publish('1', 'clusterCIDR: [10.0.0.0/8]\nminSyncMs: 50\n');
  watch();
  poll();
  expect(changes).toEqual([]);
  publish(
    '2',
    'clusterCIDR: [11.0.0.0/8]\nnodeName: other\nconntrack: { min: 3 }\nallowExternalIPs: false\nprofiling: true\n',
  );
  poll();
  poll();
  expect(changes).toHaveLength(1);
  expect(changes[0]?.config).toMatchObject({ minSyncMs: 100, proxy: { clusterCIDRs: { IPv4: '11.0.0.0/8' } } });
  expect(changes[0]?.live.toSorted()).toEqual([
    'allowExternalIPs',
    'clusterCIDR',
    'conntrack.min',
    'minSyncMs',
    'profiling',
  ]);
  expect(changes[0]?.settings).toMatchObject({ nodeName: 'other', conntrack: { min: 3 } });
  expect(changes[0]?.restart).toEqual(['nodeName']);
});

it('keeps the old configuration while the file is wrong, and says so once', () => {
  publish('1', 'minSyncMs: 50\n');
  watch();
  publish('2', 'minSyncMs: fast\n');
  poll();
  poll();
  expect(errors).toEqual([expect.stringMatching(/agent\.yaml: minSyncMs: "fast"/)]);
  publish('3', 'minSyncMs: 50\nlogLevel: info\n');
  poll();
  expect(changes).toEqual([]);
  rmSync(join(folder, 'agent.yaml'));
  poll();
  expect(errors).toHaveLength(2);
});

it('stops when told', () => {
  publish('1', 'minSyncMs: 50\n');
  watch();
  stop.abort();
  publish('2', 'minSyncMs: 60\n');
  poll();
  expect(changes).toEqual([]);
});

it('is not woken by a new token for the dashboard, which is read when it is shown', () => {
  writeFileSync(join(folder, 'token'), 'a');
  publish('1', `hub: unix:/h\nhubTokenFile: ${join(folder, 'token')}\n`);
  watch();
  writeFileSync(join(folder, 'token'), 'b');
  poll();
  expect([changes, errors]).toEqual([[], []]);
});
