export { type Outcome, playPolicyCase } from './play.ts';
export {
  addressesOf,
  CaseCluster,
  type CaseNamespace,
  type CasePod,
  type Operation,
  type PolicyCase,
  type Probe,
} from './policy-case.ts';
