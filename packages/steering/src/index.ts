export { type Actor, type SteerCity, type SteerPlan, SteerRefusal, type Write } from './plan.ts';
