/** What the set-up says: one line per step on stderr, so that the stdout of the real program stays its own. */
const colour = process.stderr.isTTY && process.stderr.hasColors();
const paint = (code, text) => (colour ? `\u001b[${code}m${text}\u001b[0m` : text);

/** A reason not to go on that its reader can do something about: the message, and the commands or facts that help. */
export class SetupError extends Error {
  constructor(message, advice = []) {
    super(message);
    this.advice = advice;
  }
}

export const step = (text) => process.stderr.write(`${paint(36, '▸')} ${text}\n`);
export const done = (text) => process.stderr.write(`${paint(32, '✓')} ${text}\n`);
export const heading = (text) =>
  process.stderr.write(`\n${paint(1, `── ${text} `)}${paint(2, '─'.repeat(Math.max(0, 76 - text.length)))}\n`);

export function fail(text, advice = []) {
  process.stderr.write(`${paint(31, '✗')} ${text}\n`);
  for (const line of advice) process.stderr.write(`    ${line}\n`);
}

/** `1.4 s` since `start` (milliseconds of `performance.now()`). */
export const since = (start) => `${((performance.now() - start) / 1000).toFixed(1)} s`;
