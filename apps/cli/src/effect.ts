import type { SteerEffect } from '@kubecity/protocol';
import { seconds } from './duration.ts';
import { Failure } from './failure.ts';

type Drain = Extract<SteerEffect, { kind: 'drain' }>;

export interface DrainFlags {
  readonly existing?: Drain['existing'];
  readonly udp?: Drain['udp'];
  readonly sticky?: Drain['sticky'];
  readonly deadline?: string;
  readonly pace?: string;
}

export interface RampFlags {
  readonly ramp?: string;
  readonly rampFrom?: string;
}

/** @throws Failure `usage` */
export function drainOf({ existing, udp, sticky, deadline, pace }: DrainFlags): Drain {
  return {
    kind: 'drain',
    ...(existing && { existing }),
    ...(udp && { udp }),
    ...(sticky && { sticky }),
    ...(deadline !== undefined && {
      deadlineSeconds: within(seconds(deadline, '--deadline'), '--deadline', 0, 604_800),
    }),
    ...(pace !== undefined && { cutPerSecond: numberOf(pace.replace(/\/s$/, ''), '--pace', 1, 10_000) }),
  };
}

/** @throws Failure `usage` */
export function weightOf(text: string, flags: RampFlags): Extract<SteerEffect, { kind: 'weight' }> {
  return { kind: 'weight', weight: numberOf(text, 'the weight', 0, 1000), ...rampOf(flags, 1000) };
}

/** @throws Failure `usage` */
export function shareOf(text: string, flags: RampFlags): Extract<SteerEffect, { kind: 'share' }> {
  return { kind: 'share', share: numberOf(text.replace(/%$/, ''), 'the share', 0, 100), ...rampOf(flags, 100) };
}

function rampOf({ ramp, rampFrom }: RampFlags, most: number) {
  if (ramp === undefined) {
    if (rampFrom !== undefined) throw new Failure('usage', '--ramp-from needs --ramp, which says how long it takes.');
    return {};
  }
  const length = within(seconds(ramp, '--ramp'), '--ramp', 1, 86_400);
  const from = rampFrom === undefined ? undefined : numberOf(rampFrom.replace(/%$/, ''), '--ramp-from', 0, most);
  return { ramp: { seconds: length, ...(from !== undefined && { from }) } };
}

function numberOf(text: string, what: string, least: number, most: number): number {
  if (!/^\d+$/.test(text)) throw new Failure('usage', `${what}: ${JSON.stringify(text)} is no whole number.`);
  return within(Number(text), what, least, most);
}

function within(value: number, what: string, least: number, most: number): number {
  if (value >= least && value <= most) return value;
  throw new Failure('usage', `${what}: ${value} is not between ${least} and ${most}.`);
}
