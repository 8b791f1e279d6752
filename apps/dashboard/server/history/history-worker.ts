import { parentPort, workerData } from 'node:worker_threads';
import type { MapAnswer } from '@kubecity/protocol';
import type { FromHistory, HistorySettings, ToHistory } from './history.ts';
import { isDamage, messageOf, openHistoryFile, setAside } from './history-file.ts';
import { HistoryStore } from './history-store.ts';

/** The history's own thread: packing, compressing and writing of each step, and the reading of the past. */
if (!parentPort) throw new Error('the history runs in a thread of its own');
const port = parentPort;
const { file, megabytes } = workerData as HistorySettings;
const say = (message: FromHistory) => port.postMessage(message);

let store = open();
say({ kind: 'ready' });

port.on('message', (message: ToHistory) => {
  if (message.kind === 'step') keep(message.step);
  else if (message.kind === 'ask') say({ kind: 'answer', id: message.id, answer: answer(message.question) });
  else close();
});

function open(): HistoryStore {
  const { database, trouble } = openHistoryFile(file, Date.now());
  if (trouble !== undefined) say({ kind: 'trouble', message: trouble });
  return new HistoryStore(database, megabytes * 1024 * 1024);
}

function keep(step: Extract<ToHistory, { kind: 'step' }>['step']): void {
  try {
    store.add(step);
    say({ kind: 'kept', bytes: store.bytes });
  } catch (error) {
    say({ kind: 'lost', message: messageOf(error) });
    if (isDamage(error)) beginAnew();
  }
}

/** The file broke under our hands. */
function beginAnew(): void {
  store.abandon();
  if (file !== undefined) say({ kind: 'trouble', message: `the damaged history is now ${setAside(file, Date.now())}` });
  store = open();
}

function answer(question: Extract<ToHistory, { kind: 'ask' }>['question']): MapAnswer {
  try {
    if (question.kind === 'history') return store.history(question);
    const nothing = { kind: 'refused', code: 'not-found', message: 'Nothing is known of that time.' } as const;
    return store.moment(question) ?? nothing;
  } catch (error) {
    say({ kind: 'trouble', message: `a question about the past failed: ${messageOf(error)}` });
    return { kind: 'refused', code: 'not-found', message: 'The history could not be read; the hub’s log says why.' };
  }
}

function close(): void {
  try {
    store.close();
  } catch (error) {
    say({ kind: 'trouble', message: `the history was not closed well: ${messageOf(error)}` });
  }
  port.close();
}
