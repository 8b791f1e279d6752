export type { BlockPeer } from './block.ts';
export { IsolationCompiler, type IsolationUpdate } from './compile.ts';
export type { Gate, Grant, PeerPort } from './gate.ts';
export { type Attempt, type Judgement, judge, type Opinion } from './judge.ts';
export {
  compareSets,
  isNoWork,
  type KernelSet,
  parseSets,
  renderSets,
  SET_PREFIX,
  type SetText,
  type SetWork,
} from './kernel-set.ts';
export type * from './objects.ts';
export type { IsolationOptions } from './options.ts';
export type { Delta, PeerSet, SetChanges } from './peer-set.ts';
export type { IsolationChange, IsolationPlan, PodPlan } from './plan.ts';
export type { Direction, Peer, PodPeer, Policy, PortSpan, Rule } from './policy.ts';
export { readPolicy } from './read-policy.ts';
export { type Selector, selectorText, selects } from './selector.ts';
export { IsolationTracker } from './tracker.ts';
