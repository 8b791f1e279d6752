import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { LogFile } from '../machine/log-file.ts';
import type { BuildMessage, MachineMessage } from '../machine/messages.ts';
import { CityError } from './city-error.ts';
import { identify, type ProcessIdentity } from './process-identity.ts';

/** Network, mounts and processes of our own, and users too when we are not root. */
const unshareFlags = () => [
  ...(process.getuid?.() === 0 ? [] : ['--user', '--map-root-user']),
  ...['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'],
];

/**
 * Process 1 of the machine. A /run of its own, since `ip netns` and iptables write there, with the state folder in it
 * wherever that was before. A shell stays in front of the machine's program because process 1 inherits the orphans of
 * killed agents, and a shell reaps what it does not know, as Node does not.
 */
const INIT = `
state=$1
shift
mkdir -p "$state/run"
mount -t tmpfs -o mode=755 tmpfs "$state/run"
mkdir "$state/run/kubecity"
mount --bind "$state" "$state/run/kubecity"
mount --rbind "$state/run" /run
"$@" &
wait "$!"
`;

export interface MachineOptions {
  readonly root: string;
  readonly statePath: string;
  /** It ended without having been asked, or cannot go on. */
  died(how: string): void;
}

/** The launcher's end of the machine. */
export class Machine {
  readonly logPath: string;
  readonly #network = Promise.withResolvers<void>();
  readonly #agents = Promise.withResolvers<ReadonlyMap<string, boolean>>();
  readonly #health = new Map<string, boolean>();
  #nodes = 0;
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;
  readonly #log: LogFile;
  #stopping = false;

  constructor({ root, statePath, died }: MachineOptions) {
    const program = join(root, 'apps/city/src/machine/main.ts');
    this.logPath = join(statePath, 'logs/machine.log');
    this.#log = new LogFile(this.logPath);
    this.#child = spawn(
      'unshare',
      [...unshareFlags(), 'sh', '-ec', INIT, 'kubecity', statePath, process.execPath, program],
      // detached: a terminal's Ctrl-C is for the launcher, which ends the machine in its own order
      { stdio: ['ignore', 'pipe', 'pipe', 'ipc'], detached: true },
    );
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (chunk: Buffer) => this.#log.write(chunk));
    }
    this.#child.on('message', (message: MachineMessage) => {
      if (message.event === 'failed') died(message.message);
      else this.#hear(message);
    });
    this.#child.on('error', (error) => died(error.message));
    this.#ended = new Promise((resolve) => {
      this.#child.once('close', (code, signal) => {
        resolve();
        this.#log.close();
        if (!this.#stopping) died(signal ?? `exit code ${code}`);
      });
    });
  }

  /** Resolves when the underlay and every node's namespace are there; pods and agents follow by themselves. */
  build(build: BuildMessage['build']): Promise<void> {
    this.#nodes = build.plan.nodes.length;
    this.#child.send({ build } satisfies BuildMessage);
    return this.#network.promise;
  }

  /** Resolves when each agent has programmed its node or did not in time: which did, by node. */
  agents(): Promise<ReadonlyMap<string, boolean>> {
    return this.#agents.promise;
  }

  #hear(message: Exclude<MachineMessage, { event: 'failed' }>): void {
    if (message.event === 'network-built') {
      this.#network.resolve();
      return;
    }
    this.#health.set(message.node, message.healthy);
    if (this.#health.size === this.#nodes) this.#agents.resolve(this.#health);
  }

  /** Process 1 as the host numbers it: whoever enters the city's namespaces enters those of this process. */
  identity(): ProcessIdentity {
    const { pid } = this.#child;
    const [init] = pid === undefined ? [] : readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').trim().split(' ');
    const identity = init === undefined ? undefined : identify(Number(init));
    if (identity === undefined) throw new CityError('start-failed', 'find the machine', 'its first process is gone');
    return identity;
  }

  /** Resolves when no process of the machine is left: the kernel ends them all before process 1 can be waited for. */
  async stop(): Promise<void> {
    this.#stopping = true;
    if (this.#child.exitCode === null && this.#child.signalCode === null) process.kill(this.identity().pid, 'SIGKILL');
    await this.#ended;
  }
}
