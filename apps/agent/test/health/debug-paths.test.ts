import { createServer, type Server } from 'node:http';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { logLevelOf } from '../../src/config/log-level.ts';
import { debugPaths } from '../../src/health/debug-paths.ts';
import { answering } from '../../src/health/paths.ts';
import { Profiler } from '../../src/health/profiler.ts';

let server: Server;
let profiling: boolean;
let profiler: Profiler;
let levels: string[];
let base: string;

beforeEach(async () => {
  profiling = true;
  levels = [];
  profiler = new Profiler();
  const paths = debugPaths((level) => levels.push(level), profiler);
  server = createServer(answering(() => (profiling ? paths : {})));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  base = `http://127.0.0.1:${typeof address === 'object' ? address?.port : ''}/debug`;
});
afterEach(() => {
  server.close();
  server.closeAllConnections();
});

const put = (body: string) => fetch(`${base}/flags/v`, { method: 'PUT', body });

it('is not there unless profiling is switched on', async () => {
  profiling = false;
  for (const path of ['pprof/profile', 'pprof/heap', 'flags/v']) {
    expect((await fetch(`${base}/${path}`)).status).toBe(404);
  }
  expect((await put('debug')).status).toBe(404);
  expect(levels).toEqual([]);
});

it('changes the log level by name and by the verbosity of klog', async () => {
  for (const text of ['warn', '2', '4\n', '9']) expect((await put(text)).status).toBe(200);
  expect(levels).toEqual(['warn', 'info', 'debug', 'trace']);
  expect(await (await put('debug')).text()).toBe('successfully set log level to debug\n');
});

it.each([
  ['', '""'],
  ['loud', '"loud"'],
  ['-1', '"-1"'],
  ['info\nx'.padEnd(100_000, 'x'), `"info\\n${'x'.repeat(27)}"`],
])('refuses the log level %#', async (text, shown) => {
  const answer = await put(text);
  expect([answer.status, await answer.text()]).toEqual([
    400,
    `log level ${shown}: neither one of fatal, error, warn, info, debug, trace nor a verbosity of 0 or more\n`,
  ]);
  expect(levels).toEqual([]);
});

it('takes a log level by PUT only', async () => {
  const answer = await fetch(`${base}/flags/v`);
  expect([answer.status, await answer.text()]).toEqual([406, 'unsupported http method\n']);
});

it.each([
  ['0', 'info'],
  ['3', 'info'],
  ['4', 'debug'],
  ['5', 'trace'],
  ['10', 'trace'],
  ['fatal', 'fatal'],
  ['silent', undefined],
  ['4.5', undefined],
])('verbosity %s is %s', (text, level) => {
  expect(logLevelOf(text)).toBe(level);
});

it.each(['0', '61', '-1', '1.5', 'all', ''])('refuses a profile of %j seconds', async (seconds) => {
  const answer = await fetch(`${base}/pprof/profile?seconds=${seconds}`);
  expect([answer.status, await answer.text()]).toEqual([
    400,
    `seconds: ${JSON.stringify(seconds)}: not a whole number from 1 to 60\n`,
  ]);
});

it('sends profiles under the names that the tools of V8 open', async () => {
  const shown = async (path: string) => {
    const answer = await fetch(`${base}/pprof/${path}?seconds=1`);
    return [answer.status, answer.headers.get('content-disposition'), await answer.json()];
  };
  expect(await shown('profile')).toMatchObject([
    200,
    'attachment; filename="kubecity-agent.cpuprofile"',
    { nodes: expect.any(Array), samples: expect.any(Array) },
  ]);
  expect(await shown('heap')).toMatchObject([
    200,
    'attachment; filename="kubecity-agent.heapprofile"',
    { head: { callFrame: { functionName: '(root)' } } },
  ]);
});

it('takes one profile at a time', async () => {
  const ended = new AbortController();
  const first = profiler.take('cpu', 60_000, ended.signal);
  expect(profiler.busy).toBe(true);
  for (const path of ['profile', 'heap']) expect((await fetch(`${base}/pprof/${path}`)).status).toBe(409);
  await expect(profiler.take('heap', 1, ended.signal)).rejects.toThrow('another profile');
  ended.abort();
  await expect(first).rejects.toThrow('aborted');
  expect(await profiler.take('heap', 1, new AbortController().signal)).toHaveProperty('head');
  expect(profiler.busy).toBe(false);
});

it('ends the profile of a caller that goes away', async () => {
  const caller = new AbortController();
  const given = fetch(`${base}/pprof/profile?seconds=60`, { signal: caller.signal });
  const outcome = expect(given).rejects.toThrow('aborted');
  await expect.poll(() => profiler.busy).toBe(true);
  caller.abort();
  await outcome;
  await expect.poll(() => profiler.busy).toBe(false);
});
