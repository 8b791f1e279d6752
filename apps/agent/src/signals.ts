import type { Logger } from 'pino';

/** Ends the process on SIGTERM or SIGINT, after what is to be taken down in order. */
export function stopOnSignal(stop: (signal: string) => Promise<void>, log: Pick<Logger, 'error'>): void {
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.once(signal, () => {
      stop(signal).then(
        () => process.exit(0),
        (error: unknown) => {
          log.error({ err: error }, 'stopping failed');
          process.exit(1);
        },
      );
    });
  }
}
