import type { Override } from './override.ts';

/** A ramp has at most so many steps: each one is a change of every kernel. */
const MAX_STEPS = 100;

/** From `expiresAt` on an override has no effect. @param now Unix ms */
export function isExpired({ spec }: Override, now: number): boolean {
  return spec.expiresAt !== undefined && now >= spec.expiresAt;
}

/**
 * The weight or share that an override wishes at a moment, undefined of a drain. A ramp goes from `from` to the wished value
 * in min(|difference|, seconds, 100) equal steps at equal times, so that all who have the same clock have the same value.
 * @param now Unix ms
 */
export function rampValue(override: Override, now: number): number | undefined {
  const { weight, share, ramp } = override.spec;
  const wished = weight ?? share;
  if (wished === undefined || !ramp) return wished;
  const steps = stepsOf(override);
  const done = Math.min(steps, stepsUntil(override, now));
  return done === steps ? wished : rounded(ramp.from + ((wished - ramp.from) * done) / steps);
}

/** When time alone changes what an override does next, after `now`; undefined = never. Unix ms. */
export function nextChange(override: Override, now: number): number | undefined {
  if (isExpired(override, now)) return undefined;
  const { expiresAt } = override.spec;
  const step = nextStep(override, now);
  return step !== undefined && expiresAt !== undefined ? Math.min(step, expiresAt) : (step ?? expiresAt);
}

function nextStep(override: Override, now: number): number | undefined {
  const { ramp } = override.spec;
  const steps = stepsOf(override);
  const done = stepsUntil(override, now);
  if (!ramp || done >= steps) return undefined;
  return override.startedAt + Math.ceil(((done + 1) * ramp.seconds * 1000) / steps);
}

/** Weights are told with nine digits, so that no sum of fractions differs from node to node. */
export function rounded(value: number): number {
  return Number(value.toPrecision(9));
}

function stepsOf({ spec: { weight, share, ramp } }: Override): number {
  const wished = weight ?? share;
  if (wished === undefined || !ramp) return 0;
  return Math.min(Math.abs(wished - ramp.from), ramp.seconds, MAX_STEPS);
}

function stepsUntil(override: Override, now: number): number {
  const { ramp } = override.spec;
  if (!ramp || now < override.startedAt) return 0;
  return Math.floor(((now - override.startedAt) * stepsOf(override)) / (ramp.seconds * 1000));
}
