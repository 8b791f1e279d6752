import type { RuleLoopOptions } from '../src/rules/rule-loop.ts';

/** A loop in mode replace from the beginning, with nobody else on the node. */
export const REPLACE: Pick<RuleLoopOptions, 'modes' | 'lease' | 'clear' | 'wished'> = {
  modes: {
    course: { mode: 'replace', front: 'iptables' },
    settle: async () => ({ mode: 'replace', front: 'iptables' }),
  },
  lease: { prepare: async () => {}, keep: async () => {}, drop: async () => {}, stop() {} },
  clear: async () => {},
  wished: () => 'replace',
};
