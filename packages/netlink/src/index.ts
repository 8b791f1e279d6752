export { type ConntrackOptions, type ConntrackSource, openConntrack } from './conntrack.ts';
export { ConntrackError, type ConntrackErrorCode, type ConntrackOperation } from './errors.ts';
export { type RefusalListener, type RefusalWatch, watchRefusals } from './refusals.ts';
