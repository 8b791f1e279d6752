import { join } from 'node:path';

/** Where things are, as the machine's processes see it: the launcher's state folder is bound to /run/kubecity. */
export interface Places {
  /** The checkout. */
  readonly root: string;
  readonly state: string;
  readonly logs: string;
}

export const MACHINE_STATE = '/run/kubecity';

export const machinePlaces = (root: string): Places => ({
  root,
  state: MACHINE_STATE,
  logs: join(MACHINE_STATE, 'logs'),
});
