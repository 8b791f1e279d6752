/**
 * The program in every pod: serves what `SERVE` says, calls what `CALLS` says, fails as `FAULT` says. Thirty of these
 * run in a city, so it imports little: each module here is paid for thirty times.
 */
import { flushCompileCache } from 'node:module';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseCalls } from './call.ts';
import { keepCalling } from './client.ts';
import { type Fault, parseFault } from './fault.ts';
import type { ListeningMessage, Names, NamesMessage } from './messages.ts';
import { seededRandom } from './random.ts';
import { parseServe, type Serving, serve } from './server.ts';

const { SERVE = '', CALLS = '', FAULT = '', SEED = '', POD_NAME = '' } = process.env;
/** How long the nodes may take to learn that this pod goes: until then it still answers. */
const NOTICE_MILLISECONDS = 1000;

const random = seededRandom(`${SEED}/${POD_NAME}`);
let names: Names = {};
let calling = false;
process.on('message', (message: NamesMessage) => {
  names = message.names;
  if (calling) return;
  calling = true;
  for (const call of calls) keepCalling(call, () => names, random);
});
// The kubelet is gone, and with it whoever could stop this process.
process.on('disconnect', () => process.exit(0));

const serving = SERVE === '' ? undefined : serve(parseServe(SERVE), POD_NAME, random);
const fault = parseFault(FAULT);
const calls = parseCalls(CALLS);
process.on('SIGTERM', () => void leave());

await serving?.open();
process.send?.({ listening: true } satisfies ListeningMessage);
if (serving && fault) void failNowAndThen(serving, fault);
// A killed process would not write it; the next pod starts in half the time and a third of the memory with it.
flushCompileCache();

async function leave(): Promise<void> {
  await sleep(NOTICE_MILLISECONDS);
  await serving?.drain();
  process.exit(0);
}

async function failNowAndThen(server: Serving, { closedMilliseconds, periodMilliseconds }: Fault): Promise<void> {
  for (;;) {
    await sleep(periodMilliseconds - closedMilliseconds);
    server.close();
    await sleep(closedMilliseconds);
    await server.open();
  }
}
