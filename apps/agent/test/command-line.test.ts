import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const agent = (...args: string[]) => spawnSync(process.execPath, [main, ...args], { encoding: 'utf8' });

describe("the agent's command line", () => {
  it('explains itself', () => {
    const { status, stdout } = agent('--help');
    expect(status).toBe(0);
    for (const word of ['--config', '--kube-proxy-config', '--cluster-cidr', '--hub', 'cleanup', 'check-config']) {
      expect(stdout).toContain(word);
    }
  });

  it('prints the schema of its file', () => {
    const published = new URL('../../../deploy/agent-config.schema.json', import.meta.url);
    const { status, stdout } = agent('config-schema');
    expect([status, JSON.parse(stdout)]).toEqual([0, JSON.parse(readFileSync(published, 'utf8'))]);
  });

  it('prints the configuration in effect', () => {
    const { status, stdout } = agent('check-config', '--node-name', 'a', '--cluster-cidr', '10.244.0.0/16');
    expect(status).toBe(0);
    expect(stdout).toContain('nodeName: a # --node-name\n');
  });

  it.each([
    [['--mode', 'watch'], '--mode: "watch"'],
    [['--masquerade-mark', '0x3'], '--masquerade-mark: "0x3": not exactly one bit'],
    [['check-config', '--metrics-listen', '0.0.0.0:1'], '--metrics-listen'],
    [['--cleanup'], "unknown option '--cleanup'"],
    [['clean'], "'clean' is invalid for argument 'command'"],
  ])('refuses %j naming %s', (args, word) => {
    const { status, stderr } = agent(...args);
    expect(status).toBe(1);
    expect(stderr).toContain(word);
  });
});
