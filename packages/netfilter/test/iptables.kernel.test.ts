import { execFileSync } from 'node:child_process';
import { afterEach, describe } from 'vitest';
import { ipset, iptables } from '../src/index.ts';
import { doorCases, setCases } from './door-cases.ts';

describe('the real door', () => {
  // The suite's command runs us in a network namespace of our own, so this flushes nobody else's rules.
  afterEach(() => {
    for (const flag of ['-F', '-X']) execFileSync('iptables', ['-t', 'nat', flag]);
  });
  doorCases(() => iptables());
});

describe('the real sets', () => setCases(() => ipset()));
