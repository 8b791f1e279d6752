import { isKubeError, type KubeClient, overrideResource } from '@kubecity/kube';
import type { SteerAnswer, SteerRequest } from '@kubecity/protocol';
import type { Connection } from './connection.ts';
import { directSteerer } from './direct.ts';
import { moment, seconds } from './duration.ts';
import { EXIT, exitOf, Failure } from './failure.ts';
import { type Format, tellData } from './output.ts';
import { previewLines } from './preview.ts';
import type { Steerer } from './steerer.ts';
import type { Terminal } from './terminal.ts';
import { awaitDone } from './wait.ts';

/** Options of every command that changes something. */
export interface OrderFlags {
  readonly expires?: string;
  readonly reason?: string;
  readonly allowEmpty?: boolean;
  readonly confirm?: string;
  readonly seen?: string;
  readonly dryRun?: boolean;
  /** `true`: without a time. */
  readonly wait?: string | true;
  readonly output: Format;
}

type Circumstances = Pick<SteerRequest, 'reason' | 'expiresAt' | 'allowEmpty' | 'dryRun' | 'seen'>;

/** @param now Unix ms. @throws Failure `usage` */
export function circumstancesOf(flags: OrderFlags, now: number): Circumstances {
  const { expires, reason, allowEmpty, dryRun, seen } = flags;
  return {
    ...(reason !== undefined && { reason }),
    ...(expires !== undefined && { expiresAt: moment(expires, '--expires', now) }),
    ...(allowEmpty && { allowEmpty }),
    ...(dryRun && { dryRun }),
    ...(seen !== undefined && { seen }),
  };
}

/** Longer than that nobody watches a terminal. */
const WAIT_SECONDS = 600;

/**
 * Carries out one request and tells what came of it.
 * @param name what somebody types who permits that the floor is broken
 * @returns the exit code
 */
export async function giveOrder(
  request: SteerRequest,
  name: string,
  flags: OrderFlags,
  connection: Connection,
  terminal: Terminal,
): Promise<number> {
  const patience = waitSeconds(flags);
  if (patience !== undefined && !connection.hasCluster) {
    throw new Failure(
      'usage',
      '--wait watches the object in the cluster: give --kubeconfig or --kube-socket besides --dashboard.',
    );
  }
  if (request.allowEmpty && !request.dryRun) await confirm(name, flags.confirm, terminal);
  const answer = await (await steererFor(request, connection, terminal)).steer(request);
  tellAnswer(answer, request, flags, terminal);
  if (!answer.ok) return exitOf(answer.code);
  if (patience === undefined || request.dryRun || answer.override === undefined) return EXIT.done;
  const address = addressOf(answer.override);
  const { client } = connection;
  if (await isThere(address, client)) await awaitDone(address, { client, terminal, seconds: patience });
  else terminal.say('Nothing to wait for: the object is gone, and with it the place where progress is told.');
  return EXIT.done;
}

/** An undo may take the object away. */
async function isThere(address: { namespace?: string; name: string }, client: KubeClient): Promise<boolean> {
  try {
    await client.get(overrideResource(address), address);
    return true;
  } catch (error) {
    if (isKubeError(error, 'not-found')) return false;
    throw error;
  }
}

/** Through the dashboard where it was asked for; a dry run also where one is found, since it knows the nodes. */
async function steererFor(request: SteerRequest, connection: Connection, terminal: Terminal): Promise<Steerer> {
  if (connection.steersThroughDashboard || (request.dryRun && connection.hasDashboard)) return connection.dashboard();
  return directSteerer({ client: connection.client, namespace: connection.namespace, now: terminal.now });
}

async function confirm(name: string, given: string | undefined, terminal: Terminal): Promise<void> {
  if (given === name) return;
  const what = `--allow-empty may leave Services without enough backends, or without any.`;
  if (given !== undefined) throw new Failure('usage', `${what} --confirm says ${given}, but the target is ${name}.`);
  if (!terminal.ask) throw new Failure('usage', `${what} Nobody can be asked here: give --confirm ${name}.`);
  const typed = await terminal.ask(`${what}\nType ${terminal.paint('bold', name, 'words')} to permit it: `);
  if (typed !== name) throw new Failure('refused', 'Not confirmed, nothing was done.');
}

function waitSeconds({ wait }: OrderFlags): number | undefined {
  if (wait === undefined) return undefined;
  return wait === true ? WAIT_SECONDS : seconds(wait, '--wait');
}

/** Of `namespace/name`, or `name` of one of the whole cluster. */
function addressOf(override: string): { namespace?: string; name: string } {
  const slash = override.indexOf('/');
  if (slash < 0) return { name: override };
  return { namespace: override.slice(0, slash), name: override.slice(slash + 1) };
}

function tellAnswer(answer: SteerAnswer, request: SteerRequest, { output }: OrderFlags, terminal: Terminal): void {
  if (output === 'json' || output === 'yaml') {
    tellData(answer, output, terminal);
    if (!answer.ok) terminal.say(terminal.paint('red', answer.message, 'words'));
    return;
  }
  if (answer.preview && (request.dryRun || !answer.ok)) {
    terminal.out(previewLines(answer.preview, output === 'wide', terminal.paint).join('\n'));
  }
  if (!answer.ok) {
    terminal.say(terminal.paint('red', answer.message, 'words'));
    if (answer.code === 'would-empty')
      terminal.say('To permit it: --allow-empty, which asks for the name of the target.');
    return;
  }
  const { override, change, message, remarks } = answer;
  if (output === 'name' && override !== undefined) {
    const { namespace, name } = addressOf(override);
    terminal.out(`${namespace === undefined ? 'cluster-override' : 'override'}/${name}`);
  }
  terminal.say(request.dryRun ? `Dry run, nothing was done. ${message}` : message);
  for (const remark of remarks) terminal.say(terminal.paint('yellow', remark, 'words'));
  if (change === undefined) return;
  const home = override?.includes('/') ? ` -n ${override.slice(0, override.indexOf('/'))}` : '';
  terminal.say(terminal.paint('dim', `To take it back: kubecity undo ${change}${home}`, 'words'));
}
