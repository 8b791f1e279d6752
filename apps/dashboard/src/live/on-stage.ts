import { create } from 'zustand';
import type { Stage } from '../map/stage.ts';

/** The map that is on the screen, for what stands beside it: export and wall mode. None in the Directory. */
export const useOnStage = create<{ readonly stage?: Stage }>(() => ({}));
