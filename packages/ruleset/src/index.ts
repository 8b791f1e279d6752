export { Compiler, compile, type ServicePlaces, type SharedChain, type Touched } from './compile.ts';
export { baseOf } from './dispatch.ts';
export {
  type Explained,
  type ExplainedEnd,
  explain,
  type PassedRule,
  type Refusal,
  type Rewriting,
  type UnknownRule,
} from './explain.ts';
export { type HookChain, hookChains } from './hook-chains.ts';
export { partOf } from './kernel-part.ts';
export {
  chainDifference,
  EMPTY_KERNEL,
  firstDifference,
  type KernelState,
  parseSave,
  parseSaveAll,
  routesAll,
  rulesetOf,
  stateOf,
} from './kernel-state.ts';
export {
  AFFINITY_PREFIX,
  addressChain,
  affinitySet,
  chainName,
  LEASE,
  OUR_PREFIX,
  servicePortChain,
  setName,
} from './names.ts';
export { hooksIn, type NftLine, natChange, UnknownWordsError } from './nft/nat-change.ts';
export {
  addClientSet,
  addLeaseSet,
  addTable,
  NFT_TABLE,
  type NftTable,
  parseNftTable,
  renewLease,
} from './nft/nft-table.ts';
export { fromNft, type NftRule, toNft } from './nft/rule-words.ts';
export { type Front, isFront, joined, listed, MISPLACED, parted } from './nft/sides.ts';
export { type CompileOptions, DEFAULT_MASQUERADE_MARK, defaultCompileOptions, type LocalDetect } from './options.ts';
export { type Owner, ownerOf } from './owner.ts';
export { type ExternalPath, type Path, type Pool, planServicePort, refusesSomebody, type ServicePlan } from './plan.ts';
export { renderJumpsApart, renderRestore } from './restore.ts';
export { comment, hairpin, host, MID_STREAM, RESET, reject, toPort, words } from './rule.ts';
export { type Chain, countRules, type Jump, type Ruleset, TABLES, type Table } from './ruleset.ts';
export { changesOf, diff, isEmpty, laysAllJumps, type Transaction } from './transaction.ts';
export { bitTree, type Leaf } from './tree.ts';
export * from './walk.ts';
