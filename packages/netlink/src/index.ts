export { type ConntrackOptions, type ConntrackSource, openConntrack } from './conntrack.ts';
export { ConntrackError, type ConntrackErrorCode, type ConntrackOperation } from './errors.ts';
