import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const agent = (...args: string[]) => spawnSync(process.execPath, [main, ...args], { encoding: 'utf8' });

describe("the agent's command line", () => {
  it('explains itself', () => {
    const { status, stdout } = agent('--help');
    expect(status).toBe(0);
    for (const flag of ['--node-name', '--kubeconfig', '--mode', '--hub', '--cleanup']) expect(stdout).toContain(flag);
  });

  it.each([
    [[], '--node-name'],
    [['--node-name', 'a', '--cluster-cidr', '10.244.0.0'], '--cluster-cidr'],
    [['--node-name', 'a', '--mode', 'observe'], '--mode'],
    [['--node-name', 'a', '--masquerade-mark', '0x3'], 'exactly one bit'],
    [['--node-name', 'a', '--health-listen', '0.0.0.0:1'], 'loopback'],
    [['--node-name', 'a', '--hub', 'unix:/x'], '--hub-token-file'],
    [['--node-name', 'a', '--hub', 'unix:/x', '--hub-token-file', '/nowhere'], '/nowhere'],
  ])('refuses %j naming %s', (args, word) => {
    const { status, stderr } = agent(...args);
    expect(status).toBe(1);
    expect(stderr).toContain(word);
  });
});
