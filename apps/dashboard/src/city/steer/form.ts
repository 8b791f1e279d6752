import type { SteerEffect, SteerRequest, SteerTarget } from '@kubecity/protocol';
import { durationText, secondsOf } from '../duration.ts';
import type { Override } from '../overrides.ts';

export type EffectKind = 'drain' | 'weight' | 'share';
export type Existing = 'wait' | 'cutIdle' | 'cut';

/** What stands in the fields of the sheet: texts as they are typed. Empty = not said. */
export interface SteerForm {
  readonly target: SteerTarget;
  readonly effect: EffectKind;
  readonly existing: Existing;
  readonly udp: Existing | '';
  readonly sticky: 'keep' | 'expire';
  readonly deadline: string;
  readonly pace: string;
  readonly weight: string;
  readonly share: string;
  readonly ramp: string;
  /** A length of time from the moment of applying. */
  readonly expiresIn: string;
  /** A time of the browser's zone, as `<input type="datetime-local">` has it; counts when `expiresIn` is empty. */
  readonly expiresAt: string;
  readonly reason: string;
}

export type Field = 'deadline' | 'pace' | 'weight' | 'share' | 'ramp' | 'expiresIn' | 'expiresAt' | 'reason';
export type Faults = Readonly<Partial<Record<Field, string>>>;

export const newForm = (target: SteerTarget, effect: EffectKind = 'drain'): SteerForm => ({
  target,
  effect,
  existing: 'wait',
  udp: '',
  sticky: 'expire',
  deadline: '',
  pace: '',
  weight: '50',
  share: '10',
  ramp: '',
  expiresIn: '',
  expiresAt: '',
  reason: '',
});

/** The fields as an override that is there would have them. */
export function formOf(override: Override): SteerForm {
  const { cluster, namespace, name, kind, drain, weight, share, reason, startedAt, ramp, expiresAt } = override;
  const target: SteerTarget = cluster ? { kind: 'override', name } : { kind: 'override', namespace, name };
  const seconds = (until: number | undefined) =>
    until === undefined || startedAt === undefined ? '' : durationText(Math.round((until - startedAt) / 1000));
  return {
    ...newForm(target, kind === 'invalid' ? 'drain' : kind),
    existing: drain?.existing ?? 'wait',
    udp: drain === undefined || drain.udp === drain.existing ? '' : drain.udp,
    sticky: drain?.sticky ?? 'expire',
    deadline: seconds(drain?.deadline),
    pace: drain === undefined ? '' : String(drain.cutPerSecond),
    weight: String(weight ?? 50),
    share: String(share ?? 10),
    ramp: seconds(ramp?.until),
    expiresAt: expiresAt === undefined ? '' : localTime(expiresAt),
    reason: reason ?? '',
  };
}

/** The fields of a request that was refused: it may be confirmed or changed. Of an undo there are none. */
export function formFrom(request: SteerRequest): SteerForm | undefined {
  if (request.action === 'undo' || request.effect.kind === 'release') return undefined;
  const { target, effect, reason = '', expiresAt } = request;
  const form = { ...newForm(target, effect.kind), reason };
  const filled = expiresAt === undefined ? form : { ...form, expiresAt: localTime(Date.parse(expiresAt)) };
  if (effect.kind === 'weight') return { ...filled, weight: String(effect.weight), ramp: rampText(effect) };
  if (effect.kind === 'share') return { ...filled, share: String(effect.share), ramp: rampText(effect) };
  const { existing = 'wait', udp = '', sticky = 'expire', deadlineSeconds, cutPerSecond } = effect;
  const deadline = deadlineSeconds === undefined ? '' : durationText(deadlineSeconds);
  return { ...filled, existing, udp, sticky, deadline, pace: cutPerSecond === undefined ? '' : String(cutPerSecond) };
}

const rampText = ({ ramp }: { readonly ramp?: { readonly seconds: number } }): string =>
  ramp === undefined ? '' : durationText(ramp.seconds);

/** `2026-11-23T18:00` in the browser's zone. */
function localTime(at: number): string {
  const local = new Date(at - new Date(at).getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 16);
}

/** A day, as deadline and ramp have bounds in the API. */
const LONGEST = { deadline: 604_800, ramp: 86_400, expiresIn: 31_536_000 } as const;

/** What is wrong in the fields; `now` in Unix ms by the hub's clock. */
export function faultsOf(form: SteerForm, now: number): Faults {
  const faults: Partial<Record<Field, string>> = {};
  const whole = (field: 'weight' | 'share' | 'pace', low: number, high: number) => {
    const text = form[field].trim();
    const value = /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
    if (!(value >= low && value <= high)) faults[field] = `A whole number from ${low} to ${high.toLocaleString('en')}.`;
  };
  const time = (field: 'deadline' | 'ramp' | 'expiresIn', low: number) => {
    if (form[field].trim() === '') return;
    const seconds = secondsOf(form[field]);
    if (seconds === undefined) faults[field] = 'A length of time: 90 s, 5 min, 1 h.';
    else if (seconds < low || seconds > LONGEST[field]) {
      faults[field] = `From ${durationText(low)} to ${durationText(LONGEST[field])}.`;
    }
  };
  if (form.effect === 'weight') whole('weight', 0, 1000);
  if (form.effect === 'share') whole('share', 0, 100);
  if (form.effect === 'drain') {
    if (form.pace.trim() !== '') whole('pace', 1, 10_000);
    time('deadline', 0);
  } else time('ramp', 1);
  time('expiresIn', 1);
  if (form.expiresIn.trim() === '' && form.expiresAt !== '') {
    const at = new Date(form.expiresAt).getTime();
    if (Number.isNaN(at)) faults.expiresAt = 'A day and a time.';
    else if (at <= now) faults.expiresAt = 'That time is over.';
  }
  if (form.reason.length > 1024) faults.reason = 'At most 1,024 characters.';
  return faults;
}

/** The request that the fields stand for. Only of a form without faults. */
export function requestOf(form: SteerForm, now: number): SteerRequest & { readonly action: 'steer' } {
  const reason = form.reason.trim();
  const expiresAt = expiryOf(form, now);
  return {
    action: 'steer',
    target: form.target,
    effect: effectOf(form),
    ...(reason === '' ? {} : { reason }),
    ...(expiresAt === undefined ? {} : { expiresAt }),
  };
}

function effectOf(form: SteerForm): SteerEffect {
  const rampSeconds = secondsOf(form.ramp);
  const ramp = rampSeconds === undefined ? {} : { ramp: { seconds: rampSeconds } };
  if (form.effect === 'weight') return { kind: 'weight', weight: Number(form.weight), ...ramp };
  if (form.effect === 'share') return { kind: 'share', share: Number(form.share), ...ramp };
  const deadlineSeconds = secondsOf(form.deadline);
  return {
    kind: 'drain',
    existing: form.existing,
    sticky: form.sticky,
    ...(form.udp === '' ? {} : { udp: form.udp }),
    ...(deadlineSeconds === undefined ? {} : { deadlineSeconds }),
    ...(form.pace.trim() === '' ? {} : { cutPerSecond: Number(form.pace) }),
  };
}

/** In whole seconds, as the API writes times. */
function expiryOf({ expiresIn, expiresAt }: SteerForm, now: number): string | undefined {
  const seconds = secondsOf(expiresIn);
  const at = seconds === undefined ? new Date(expiresAt).getTime() : now + seconds * 1000;
  return Number.isNaN(at) ? undefined : `${new Date(at).toISOString().slice(0, 19)}Z`;
}
