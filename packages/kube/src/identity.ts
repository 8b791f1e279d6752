import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { KubeError } from './error.ts';

/** How to reach the API server. Exactly one of the three. */
export interface ConnectOptions {
  /** Path of a kubeconfig file. */
  readonly kubeconfig?: string;
  /** Of the kubeconfig; its current one when absent. */
  readonly context?: string;
  /** Path of a Unix socket on which an API server listens without authentication. */
  readonly socketPath?: string;
  /** With the ServiceAccount of the pod this runs in. */
  readonly inCluster?: boolean;
}

/** What the client library makes of a kubeconfig or a ServiceAccount, as plain data. */
export interface Identity {
  readonly origin: string;
  readonly headers: Record<string, string>;
  /** The bearer token is in this file, and changes there. */
  readonly tokenFile?: string;
  /** Unix time in milliseconds after which the headers, or the certificate, are no longer good. Absent = unknown or never. */
  readonly expiry?: number;
  readonly tls: {
    /** PEM */
    readonly ca?: string;
    readonly cert?: string;
    readonly key?: string;
    readonly servername?: string;
    readonly rejectUnauthorized?: boolean;
  };
  /** URL of an HTTP or HTTPS proxy. */
  readonly proxy?: string;
}

/** `invalid`: the configuration is wrong. `failed`: a plugin or a file did not give what it should. */
export type Answer =
  | { readonly identity: Identity }
  | { readonly invalid: { readonly operation: string; readonly detail: string } }
  | { readonly failed: string };

const PROCESS = fileURLToPath(new URL('./identity-process.ts', import.meta.url));
/** Milliseconds. A plugin may ask a server; it cannot ask a person, as nobody sees it. */
const LONGEST = 30_000;
const STDERR_CHARACTERS = 1000;

/**
 * Asks a short-lived process: it costs a second of one core and 130 MB that are gone afterwards.
 * @throws KubeError `invalid` for a wrong configuration; Error for everything else, also when the process dies or hangs
 */
export async function askIdentity(
  options: ConnectOptions,
  signal: AbortSignal,
  { file = PROCESS, longest = LONGEST } = {},
): Promise<Identity> {
  const child = fork(file, [JSON.stringify(options)], {
    // not the flags of this process: two profilers or inspectors would get into each other's way
    execArgv: ['--max-semi-space-size=1'],
    // nothing of it may get into the output of this process
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    timeout: longest,
    killSignal: 'SIGKILL',
    signal,
  });
  let answer: Answer | undefined;
  let stderr = '';
  child.once('message', (message) => {
    answer = message as Answer;
  });
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    stderr = (stderr + text).slice(-STDERR_CHARACTERS);
  });
  // an error: it could not be started, or was aborted
  const [code, killedBy] = await once(child, 'close');
  if (answer === undefined) {
    const end = killedBy ? `was ended by ${killedBy}` : `ended with code ${code}`;
    const why = child.killed
      ? `gave no answer within ${longest / 1000} s`
      : `${end}: ${stderr.trim() || 'it said nothing'}`;
    throw new Error(`the process that reads credentials ${why}`);
  }
  if ('identity' in answer) return answer.identity;
  if ('invalid' in answer) throw new KubeError('invalid', answer.invalid.operation, answer.invalid.detail);
  throw new Error(answer.failed);
}
