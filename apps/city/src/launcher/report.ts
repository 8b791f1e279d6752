import pc from 'picocolors';

/** What the person at the terminal sees of a start: one line for each step, with the time it took. */
export interface Report {
  step<T>(name: string, work: () => Promise<T>): Promise<T>;
  line(text: string): void;
  warn(text: string): void;
}

const NAME_WIDTH = 34;

export function terminalReport(now: () => number = () => performance.now()): Report {
  return {
    step: async (name, work) => {
      const start = now();
      const outcome = await work();
      const seconds = `${((now() - start) / 1000).toFixed(1)} s`;
      console.log(`${pc.green('✓')} ${name.padEnd(NAME_WIDTH)} ${pc.dim(seconds)}`);
      return outcome;
    },
    line: (text) => console.log(text),
    warn: (text) => console.log(`${pc.yellow('!')} ${text}`),
  };
}
