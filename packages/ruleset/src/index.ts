export { type CompileOptions, Compiler, DEFAULT_MASQUERADE_MARK } from './compile.ts';
export { EMPTY_KERNEL, firstDifference, type KernelState, parseSave, stateOf } from './kernel-state.ts';
export { OUR_PREFIX, servicePortChain } from './names.ts';
export type { Rule, Table } from './rule.ts';
export { type Chain, countRules, type Ruleset, TABLES } from './ruleset.ts';
export { diff, isEmpty, renderRestore, type Transaction } from './transaction.ts';
export { type Packet, type Verdict, walk } from './walk.ts';
