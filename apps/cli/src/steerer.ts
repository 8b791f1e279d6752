import type { SteerAnswer, SteerRequest } from '@kubecity/protocol';

/** Carries out one request, by whichever way; refusals are answers. Rejects where no answer came. */
export interface Steerer {
  steer(request: SteerRequest): Promise<SteerAnswer>;
}
