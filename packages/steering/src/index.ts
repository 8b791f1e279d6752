export { apiTime } from './api-time.ts';
export { backendId } from './backend-id.ts';
export { type Change, specWithStart } from './change.ts';
export { asStored } from './judge.ts';
export { overrideName } from './override-name.ts';
export {
  type Actor,
  type Sight,
  type SteerCity,
  type SteerPlan,
  SteerRefusal,
  type UnconfirmedPlan,
  type Write,
} from './plan.ts';
export { overtakenBy } from './race.ts';
export { withRates } from './share-tables.ts';
export { whatChanged } from './sight.ts';
export { planSteer, type Recall, type Steer } from './steer.ts';
export { planUndo, type Undo } from './undo.ts';
export { covers, effectWords, idOf, nameOf, selectionWords, specOf } from './words.ts';
