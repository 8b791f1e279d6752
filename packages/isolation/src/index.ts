export type { BlockPeer } from './block.ts';
export { type CountedGate, IsolationCompiler, type IsolationUpdate } from './compile.ts';
export type { Gate, Grant, PeerPort } from './gate.ts';
export {
  type Attempt,
  type JudgedCluster,
  type Judgement,
  judge,
  type Opinion,
  refusalHere,
  rememberingGates,
} from './judge.ts';
export { judgePast, type PastAttempt, type PastEnd, type PastJudgement, type PastOpinion } from './judge-past.ts';
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
export type { IsolationOptions, OwnNode, OwnNodeOf } from './options.ts';
export type { Delta, PeerSet, SetChanges } from './peer-set.ts';
export type { IsolationChange, IsolationPlan, PodPlan } from './plan.ts';
export type { Pod } from './pod.ts';
export type { Direction, Peer, PodPeer, Policy, PortSpan, Rule } from './policy.ts';
export { readPolicy } from './read-policy.ts';
export {
  type Memory,
  MOST_REFUSALS,
  parseMemories,
  REFUSAL_DIRECTORY,
  REFUSAL_SECONDS,
  REFUSAL_TABLES,
  REFUSED,
} from './refused.ts';
export { type Selector, selectorText, selects } from './selector.ts';
export { IsolationTracker } from './tracker.ts';
