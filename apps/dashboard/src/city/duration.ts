const UNITS: Readonly<Record<string, number>> = { s: 1, sec: 1, m: 60, min: 60, h: 3600, d: 86_400 };

/** Seconds of `90`, `90s`, `5 min`, `1h 30m`; undefined of anything else. */
export function secondsOf(text: string): number | undefined {
  const words = text.trim().toLowerCase();
  if (/^\d{1,9}$/.test(words)) return Number(words);
  const parts = [...words.matchAll(/(\d{1,9})\s*(s|sec|m|min|h|d)(?=\s|\d|$)/g)];
  if (
    parts.length === 0 ||
    parts
      .map(([all]) => all)
      .join('')
      .replace(/\s/g, '') !== words.replace(/\s/g, '')
  ) {
    return undefined;
  }
  return parts.reduce((sum, [, figure, unit = 's']) => sum + Number(figure) * (UNITS[unit] ?? 1), 0);
}

/** The shortest text that reads back as so many seconds: `90 s`, `5 min`, `1 h`. */
export function durationText(seconds: number): string {
  if (seconds > 0 && seconds % 86_400 === 0) return `${seconds / 86_400} d`;
  if (seconds > 0 && seconds % 3600 === 0) return `${seconds / 3600} h`;
  if (seconds > 0 && seconds % 60 === 0) return `${seconds / 60} min`;
  return `${seconds} s`;
}
