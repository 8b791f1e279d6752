/** Words and figures of the screen. Every function is pure; locale is fixed so that screens and tests agree. */
const grouped = new Intl.NumberFormat('en-GB');
/** Dates make a format of their own for each word they write. */
const minutes = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit' });

/** Events per second: `0`, `0.4`, `12`, `1,284`. */
export function rate(perSecond: number): string {
  if (perSecond <= 0) return '0';
  if (perSecond < 0.05) return '<0.1';
  if (perSecond < 9.95) return perSecond.toFixed(1).replace(/\.0$/, '');
  return grouped.format(Math.round(perSecond));
}

/** A weight: whole as people write it, to two digits as a share makes it. */
export const weightText = (weight: number): string => String(Math.round(weight * 100) / 100);

/** Whole things: `1,284`. */
export const count = (n: number): string => grouped.format(Math.round(n));

/** `10.244.1.5:8080`, `[fd00::5]:8080` */
export function socket({ address, port }: { readonly address: string; readonly port: number }): string {
  return `${address.includes(':') ? `[${address}]` : address}:${port}`;
}

/** Bytes in SI units as `[figure, unit]`: `['18.4', 'MB']`. */
export function bytes(n: number): readonly [figure: string, unit: string] {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = Math.max(0, n);
  let unit = 0;
  // 999.5 and not 1000: what would be rounded to four digits belongs to the next unit.
  while (value >= 999.5 && unit < units.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1;
  return [value.toFixed(digits).replace(/\.0$/, ''), units[unit] ?? 'B'];
}

/** A part of one as percent: `46 %`, `0.2 %`, `<0.1 %`. */
export function percent(part: number): string {
  const value = part * 100;
  if (value <= 0) return '0 %';
  if (value < 0.1) return '<0.1 %';
  return `${value < 9.95 ? value.toFixed(1).replace(/\.0$/, '') : Math.round(value)} %`;
}

/** How long ago, in the shortest honest words: `0.8 s`, `41 s`, `3 min`, `2 h`, `5 d`. */
export function age(milliseconds: number): string {
  const seconds = Math.max(0, milliseconds) / 1000;
  if (seconds < 9.95) return `${seconds.toFixed(1)} s`;
  if (seconds < 119.5) return `${Math.round(seconds)} s`;
  if (seconds < 7170) return `${Math.round(seconds / 60)} min`;
  if (seconds < 172_000) return `${Math.round(seconds / 3600)} h`;
  return `${Math.round(seconds / 86_400)} d`;
}

/** `1 node`, `4 nodes`. */
export const plural = (n: number, one: string, many = `${one}s`): string => `${count(n)} ${n === 1 ? one : many}`;

/** `14 kB`, `2.1 MB`. */
export const size = (n: number): string => bytes(n).join(' ');

/** The second in the browser's zone: `03:12:10`. */
export const second = (at: number): string => new Date(at).toLocaleTimeString('en-GB');

/** The same, with the day when it is not the day of `now`: `Tue 3 Nov 03:12:10`. */
export function moment(at: number, now: number): string {
  const day = (time: number) =>
    new Date(time).toLocaleDateString('en-GB', { weekday: 'short', day: 'numeric', month: 'short' });
  return day(at) === day(now) ? second(at) : `${day(at)} ${second(at)}`;
}

/** A length of time in whole words: `1 s`, `10 s`, `1 min`. */
export const span = (milliseconds: number): string =>
  milliseconds < 60_000 ? `${Math.round(milliseconds / 100) / 10} s` : age(milliseconds).replace(/^60 s$/, '1 min');

/** A length of time at length: `45 seconds`, `10 minutes`, `3 hours`, `1 hour 30 minutes`. */
export function duration(seconds: number): string {
  const parts = [
    [Math.floor(seconds / 86_400), 'day'],
    [Math.floor((seconds % 86_400) / 3600), 'hour'],
    [Math.floor((seconds % 3600) / 60), 'minute'],
    [Math.floor(seconds % 60), 'second'],
  ] as const;
  const said = parts.filter(([n]) => n > 0).map(([n, unit]) => plural(n, unit));
  return said.length === 0 ? 'no time' : said.join(' ');
}

/** Hours and minutes in the browser's zone: `14:10`. */
export const clock = (at: number): string => minutes.format(at);
