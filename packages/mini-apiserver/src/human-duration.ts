const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

/** Coarser the longer, as the AGE column of kubectl: `90s`, `4m5s`, `3h12m`, `2d4h`, `40d`, `2y30d`. */
export function humanDuration(milliseconds: number): string {
  if (milliseconds < -2 * SECOND) return '<invalid>';
  if (milliseconds < 0) return '0s';
  if (milliseconds < 2 * MINUTE) return `${whole(milliseconds, SECOND)}s`;
  if (milliseconds < 10 * MINUTE) return pair(milliseconds, MINUTE, 'm', SECOND, 's');
  if (milliseconds < 3 * HOUR) return `${whole(milliseconds, MINUTE)}m`;
  if (milliseconds < 8 * HOUR) return pair(milliseconds, HOUR, 'h', MINUTE, 'm');
  if (milliseconds < 2 * DAY) return `${whole(milliseconds, HOUR)}h`;
  if (milliseconds < 8 * DAY) return pair(milliseconds, DAY, 'd', HOUR, 'h');
  if (milliseconds < 2 * YEAR) return `${whole(milliseconds, DAY)}d`;
  if (milliseconds < 8 * YEAR) return pair(milliseconds, YEAR, 'y', DAY, 'd');
  return `${whole(milliseconds, YEAR)}y`;
}

const whole = (milliseconds: number, unit: number) => Math.floor(milliseconds / unit);

function pair(milliseconds: number, unit: number, name: string, subunit: number, subname: string): string {
  const rest = whole(milliseconds % unit, subunit);
  return `${whole(milliseconds, unit)}${name}${rest === 0 ? '' : `${rest}${subname}`}`;
}
