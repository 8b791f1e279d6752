import type { IncomingMessage, ServerResponse } from 'node:http';
import { LOG_LEVELS, type LogLevel, logLevelOf } from '../config/log-level.ts';
import { type Paths, sendText } from './paths.ts';
import { type ProfileKind, Profiler } from './profiler.ts';

/** Go's default, and a bound: profiling slows the process down. */
const DEFAULT_SECONDS = '30';
const MOST_SECONDS = 60;
/** Characters of a log level. */
const LONGEST_LEVEL = 16;

/** What kube-proxy opens with `enableProfiling`: V8's profiles under the paths of pprof, and the log level. */
export function debugPaths(setLogLevel: (level: LogLevel) => void, profiler = new Profiler()): Paths {
  return {
    '/debug/pprof/profile': (request, response) => void sendProfile(profiler, 'cpu', request, response),
    '/debug/pprof/heap': (request, response) => void sendProfile(profiler, 'heap', request, response),
    '/debug/flags/v': (request, response) => void takeLogLevel(setLogLevel, request, response),
  };
}

async function sendProfile(
  profiler: Profiler,
  kind: ProfileKind,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const text = new URL(request.url ?? '', 'http://agent').searchParams.get('seconds') ?? DEFAULT_SECONDS;
  const seconds = /^\d+$/.test(text) ? Number(text) : 0;
  if (seconds < 1 || seconds > MOST_SECONDS) {
    return sendText(response, 400, `seconds: ${JSON.stringify(text)}: not a whole number from 1 to ${MOST_SECONDS}`);
  }
  if (profiler.busy) return sendText(response, 409, 'another profile is being taken');
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  try {
    const profile = await profiler.take(kind, seconds * 1000, gone.signal);
    const headers = {
      'content-type': 'application/json',
      'x-content-type-options': 'nosniff',
      'content-disposition': `attachment; filename="kubecity-agent.${kind}profile"`,
    };
    response.writeHead(200, headers).end(JSON.stringify(profile));
  } catch (error) {
    // A caller that went away has ended the profile, and hears nothing.
    if (!gone.signal.aborted) sendText(response, 500, (error as Error).message);
  }
}

async function takeLogLevel(
  setLogLevel: (level: LogLevel) => void,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (request.method !== 'PUT') return sendText(response, 406, 'unsupported http method');
  try {
    const text = (await startOf(request)).trim();
    const level = logLevelOf(text);
    if (level === undefined) {
      const known = `neither one of ${LOG_LEVELS.join(', ')} nor a verbosity of 0 or more`;
      return sendText(response, 400, `log level ${JSON.stringify(text)}: ${known}`);
    }
    setLogLevel(level);
    sendText(response, 200, `successfully set log level to ${level}`);
  } catch (error) {
    sendText(response, 400, `the request cannot be read: ${(error as Error).message}`);
  }
}

/** A body, cut where it is longer than any right one. */
async function startOf(request: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text = (text + chunk).slice(0, 2 * LONGEST_LEVEL);
  return text;
}
