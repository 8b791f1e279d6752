import { isKubeError, type KubeClient, overrideResource, watchResource } from '@kubecity/kube';
import type { KubeRoutingOverride } from '@kubecity/routing';
import { SingleBar } from 'cli-progress';
import { Failure } from './failure.ts';
import { type Progress, progressOf, progressWords } from './progress.ts';
import type { Terminal } from './terminal.ts';

export interface WaitOptions {
  readonly client: KubeClient;
  readonly terminal: Terminal;
  readonly seconds: number;
  /** After so long without a status it is said that nobody writes one. Milliseconds. */
  readonly patience?: number;
}

const PATIENCE = 10_000;

/**
 * Waits until an override is in every kernel and, of a drain, nothing is open any more; by its status alone, so that any
 * dashboard that is there will do.
 * @throws Failure `timeout`; `refused` when the nodes do not carry it out; `failure` when it is deleted
 */
export async function awaitDone(
  metadata: { readonly namespace?: string; readonly name: string },
  { client, terminal, seconds, patience = PATIENCE }: WaitOptions,
): Promise<void> {
  const end = new AbortController();
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const display = progressDisplay(terminal);
  let last: Progress | undefined;
  let drains = false;
  let found = false;
  const title = metadata.namespace === undefined ? metadata.name : `${metadata.namespace}/${metadata.name}`;
  const silence = setTimeout(() => {
    if (!last)
      display.words('Nobody has told its progress yet: that takes a dashboard. The nodes carry it out all the same.');
  }, patience);
  const timeout = setTimeout(() => {
    const state = last
      ? `${progressWords(last, drains)}. ${last.message}`
      : 'nobody told its progress: no dashboard runs';
    reject(new Failure('timeout', `After ${seconds} s override ${title} is not done: ${state}. It stays in force.`));
  }, seconds * 1000);
  terminal.stopped.addEventListener('abort', () =>
    reject(new Failure('failure', `Not waiting any longer; override ${title} stays in force.`)),
  );
  const gone = () => reject(new Failure('failure', `Override ${title} was deleted meanwhile.`));
  watchResource<KubeRoutingOverride>(client, {
    resource: overrideResource(metadata),
    namespace: metadata.namespace,
    fieldSelector: `metadata.name=${metadata.name}`,
    set: (object) => {
      found = true;
      last = progressOf(object);
      if (!last) return;
      drains = (object.spec as { drain?: unknown } | undefined)?.drain !== undefined;
      display.show(last, progressWords(last, drains));
      if (last.refused !== undefined)
        reject(new Failure('refused', `Override ${title} is not carried out. ${last.refused}`));
      else if (last.done) resolve();
    },
    delete: gone,
    synced: () => {
      if (!found) gone();
    },
    state: (state, error) => {
      if (isKubeError(error, 'forbidden') || isKubeError(error, 'unauthorized')) reject(error);
      else if (state === 'reconnecting' && error) display.words(`The API is away: ${error.message}`);
    },
    signal: end.signal,
  });
  try {
    await promise;
  } finally {
    end.abort();
    clearTimeout(silence);
    clearTimeout(timeout);
    display.end();
  }
  terminal.say(terminal.paint('green', last?.message === undefined ? 'Done.' : `Done: ${last.message}.`, 'words'));
}

interface Display {
  show(progress: Progress, words: string): void;
  words(text: string): void;
  end(): void;
}

/** A bar for a person, lines for a log. */
function progressDisplay(terminal: Terminal): Display {
  const { bar: stream } = terminal;
  if (!stream) {
    let told = '';
    const words = (text: string) => {
      if (text !== told) terminal.say(text);
      told = text;
    };
    return { words, show: (_, text) => words(text), end: () => {} };
  }
  const bar = new SingleBar({
    format: '{bar} {words}',
    barsize: 24,
    hideCursor: true,
    clearOnComplete: true,
    barCompleteChar: '█',
    barIncompleteChar: '░',
    stream,
    linewrap: false,
  });
  let most = 0;
  bar.start(1, 0, { words: 'waiting for the nodes' });
  return {
    // the first half is that nodes know it, the second that connections end
    show: ({ desired, acknowledged, open, done }, words) => {
      most = Math.max(most, open);
      const known = desired === 0 ? 0 : acknowledged / desired;
      const ended = most === 0 ? 1 : 1 - open / most;
      bar.update(done ? 1 : known < 1 ? known / 2 : Math.min(0.99, 0.5 + ended / 2), { words });
    },
    words: (words) => bar.update({ words }),
    end: () => bar.stop(),
  };
}
