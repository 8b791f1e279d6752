/** `33.3 %`; whole ones without a point. @param part 0..1 */
export function percent(part: number): string {
  const tenths = Math.round(part * 1000) / 10;
  return `${tenths} %`;
}

/** Weights that follow from a share are no whole numbers. */
export const weightText = (weight: number): string => String(Math.round(weight * 100) / 100);

/** `1.2 kB`, `3.4 MB`: decimal, three digits. */
export function bytes(count: number): string {
  const units = ['B', 'kB', 'MB', 'GB', 'TB'];
  let value = count;
  let unit = 0;
  while (value >= 1000 && unit < units.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? Math.round(value) : value.toPrecision(3)} ${units[unit]}`;
}

export const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
