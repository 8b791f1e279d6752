/** What `/statusz` tells about the process. */
export interface ProcessFacts {
  readonly version: string;
  /** Unix milliseconds. */
  readonly startedAt: number;
}

const COMPONENT = 'kubecity-agent';
const WARNING =
  'Warning: This endpoint is not meant to be machine parseable, has no formatting compatibility guarantees and is for ' +
  'debugging purposes only.';

/** Names of values that nobody is shown. */
export const isSecret = (name: string): boolean => /token$/i.test(name);

/** `/statusz` as component-base writes it (zpages of 1.36). @param now Unix milliseconds */
export function statuszText({ version, startedAt }: ProcessFacts, now: number, paths: readonly string[]): string {
  return `
${COMPONENT} statusz
${WARNING}

Started: ${unixDate(startedAt)}
Up: ${uptime(now - startedAt)}
Node.js version: ${process.version}
Binary version: ${version}
Paths: ${paths.toSorted().join(' ')}
`;
}

/** `/flagz` as component-base writes it. @param flags without dashes */
export function flagzText(flags: ReadonlyMap<string, string>): string {
  const lines = [...flags].map(([name, value]) => `${name}=${isSecret(name) ? 'CLASSIFIED' : value}\n`);
  return `
${COMPONENT} flags
${WARNING}

${lines.toSorted().join('')}`;
}

/** As Go's time.UnixDate: `Thu Jan  1 00:00:00 UTC 2026`. */
function unixDate(at: number): string {
  const [weekday, day, month, year, time] = new Date(at).toUTCString().split(/,? /);
  return `${weekday} ${month} ${String(Number(day)).padStart(2)} ${time} UTC ${year}`;
}

function uptime(milliseconds: number): string {
  const seconds = Math.floor(milliseconds / 1000);
  const two = (value: number) => String(value % 60).padStart(2, '0');
  return `${Math.floor(seconds / 3600)} hr ${two(Math.floor(seconds / 60))} min ${two(seconds)} sec`;
}
