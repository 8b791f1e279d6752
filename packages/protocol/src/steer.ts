import { z } from 'zod';
import type { CityFrame, Look, MapAnswer, MapQuestion } from './city.ts';
import type { Refusal } from './version.ts';

/** Browser → hub, event `steer`, answered by its acknowledgement. Every request ends as a RoutingOverride in the API. */
export const steerRequest = z.discriminatedUnion('action', [
  z.strictObject({
    action: z.literal('drain'),
    backend: z.string().max(1000),
    reason: z.string().max(1024).optional(),
    allowEmpty: z.boolean().optional(),
  }),
  z.strictObject({ action: z.literal('undrain'), backend: z.string().max(1000) }),
  /** Weight 100 removes the override again. */
  z.strictObject({
    action: z.literal('weight'),
    backend: z.string().max(1000),
    weight: z.int().min(0).max(1000),
    reason: z.string().max(1024).optional(),
    allowEmpty: z.boolean().optional(),
  }),
]);
export type SteerRequest = z.infer<typeof steerRequest>;

export type SteerAnswer =
  | { readonly ok: true; readonly override?: string; readonly message: string }
  | { readonly ok: false; readonly code: Refusal; readonly message: string };

export interface HubToBrowser {
  city: (frame: CityFrame) => void;
}
export interface BrowserToHub {
  steer: (request: SteerRequest, answer: (answer: SteerAnswer) => void) => void;
  look: (look: Look) => void;
  ask: (question: MapQuestion, answer: (answer: MapAnswer) => void) => void;
  /** After a gap in `seq`: asks for a snapshot. */
  resync: () => void;
}
