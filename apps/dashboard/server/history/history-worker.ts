import { parentPort, workerData } from 'node:worker_threads';
import { AUDIT_FORM, AuditStore } from '../audit/audit-store.ts';
import { isDamage, messageOf, openDatabase, setAside } from './database-file.ts';
import type { FromHistory, HistorySettings, PastAnswer, ToHistory } from './history.ts';
import { HISTORY_FORM, HistoryStore } from './history-store.ts';
import { seenBetween } from './seen-edges.ts';

/** The history's own thread: packing, compressing and writing of each step, and the reading of the past. */
if (!parentPort) throw new Error('the history runs in a thread of its own');
const port = parentPort;
const { file, megabytes } = workerData as HistorySettings;
const say = (message: FromHistory) => port.postMessage(message);

let store = open();
/** Beside the history in a file of its own: what was done is not lost with what was seen. */
const auditFile = file === undefined ? undefined : `${file}.audit`;
let audit = openAudit();
say({ kind: 'ready' });

port.on('message', (message: ToHistory) => {
  if (message.kind === 'step') keep(message.step);
  else if (message.kind === 'note') note(message);
  else if (message.kind === 'close') close();
  else if (message.question.kind === 'seen') lookBack(message.id, message.question);
  else say({ kind: 'answer', id: message.id, answer: answer(message.question) });
});

function open(): HistoryStore {
  const { database, trouble } = openDatabase(HISTORY_FORM, file, Date.now());
  if (trouble !== undefined) say({ kind: 'trouble', message: trouble });
  return new HistoryStore(database, megabytes * 1024 * 1024);
}

function openAudit(): AuditStore {
  const { database, trouble } = openDatabase(AUDIT_FORM, auditFile, Date.now());
  if (trouble !== undefined) say({ kind: 'trouble', message: trouble });
  return new AuditStore(database);
}

function note({ entry, outcome }: Extract<ToHistory, { kind: 'note' }>): void {
  try {
    if (entry) audit.add(entry);
    if (outcome) audit.addOutcome(outcome.id, outcome.at, outcome.text);
  } catch (error) {
    say({ kind: 'trouble', message: `an entry of the audit trail is lost: ${messageOf(error)}` });
    if (!isDamage(error)) return;
    audit.close();
    if (auditFile !== undefined) setAside(auditFile, Date.now());
    audit = openAudit();
  }
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

/** Each may hold a lot: one after another. */
let lookingBack = Promise.resolve();
function lookBack(id: number, { from, to }: Extract<Question, { kind: 'seen' }>): void {
  lookingBack = lookingBack.then(async () => {
    const answer = await seenBetween(store, from, to).catch(unreadable);
    say({ kind: 'answer', id, answer: answer ?? UNKNOWN });
  });
}

type Question = Extract<ToHistory, { kind: 'ask' }>['question'];
const UNKNOWN = { kind: 'refused', code: 'not-found', message: 'Nothing is known of that time.' } as const;

function answer(question: Exclude<Question, { kind: 'seen' }>): PastAnswer {
  try {
    if (question.kind === 'audit') return { kind: 'audit', ...audit.list(question) };
    if (question.kind === 'entry') return { kind: 'entry', entry: audit.entry(question.id) };
    if (question.kind === 'history') return store.history(question);
    return store.moment(question) ?? UNKNOWN;
  } catch (error) {
    return unreadable(error);
  }
}

function unreadable(error: unknown): PastAnswer {
  say({ kind: 'trouble', message: `a question about the past failed: ${messageOf(error)}` });
  return { kind: 'refused', code: 'not-found', message: 'The history could not be read; the hub’s log says why.' };
}

function close(): void {
  try {
    store.close();
    audit.close();
  } catch (error) {
    say({ kind: 'trouble', message: `the history was not closed well: ${messageOf(error)}` });
  }
  port.close();
}
