import { Failure } from './failure.ts';

const UNITS: Readonly<Record<string, number>> = { s: 1, m: 60, h: 3600, d: 86_400 };

/** Whole seconds of `90s`, `5m`, `1h30m`, `2d`, or of a bare number of seconds. @throws Failure `usage` */
export function seconds(text: string, option: string): number {
  if (/^\d+$/.test(text)) return Number(text);
  const parts = [...text.matchAll(/(\d+)([smhd])/g)];
  if (parts.length === 0 || parts.map(([part]) => part).join('') !== text) {
    throw new Failure('usage', `${option}: ${JSON.stringify(text)} is no duration. Give it as 90s, 5m, 1h30m or 2d.`);
  }
  return parts.reduce((sum, [, count, unit = '']) => sum + Number(count) * (UNITS[unit] ?? 0), 0);
}

/**
 * An RFC 3339 time, of one that is given so or so long from now.
 * @param now Unix ms
 * @throws Failure `usage`
 */
export function moment(text: string, option: string, now: number): string {
  if (/^\d{4}-\d{2}-\d{2}T/.test(text)) {
    const at = Date.parse(text);
    if (!Number.isNaN(at)) return rfc3339(at);
  } else if (/^[\dsmhd]+$/.test(text)) {
    return rfc3339(now + seconds(text, option) * 1000);
  }
  const example = '2026-11-24T18:00:00Z';
  throw new Failure('usage', `${option}: ${JSON.stringify(text)} is no time. Give it as ${example} or as 1h from now.`);
}

/** To the second, as API servers write it. */
const rfc3339 = (at: number): string => `${new Date(at).toISOString().slice(0, 19)}Z`;

/** `45s`, `12m`, `5h`, `3d`: as short as `kubectl` tells an age. @param milliseconds from 0 */
export function shortDuration(milliseconds: number): string {
  const total = Math.max(0, Math.round(milliseconds / 1000));
  if (total < 120) return `${total}s`;
  if (total < 7200) return `${Math.floor(total / 60)}m`;
  if (total < 172_800) return `${Math.floor(total / 3600)}h`;
  return `${Math.floor(total / 86_400)}d`;
}
