import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { join } from 'node:path';
import { connect, type KubeClient, resources } from '@kubecity/kube';
import { podNetns } from '../machine/city-pod.ts';
import { inNetns } from '../machine/command.ts';
import { GATE } from '../machine/links.ts';
import type { Node, Pod } from '../objects.ts';
import { CityError } from './city-error.ts';
import { findCity, statePath } from './state-folder.ts';

/** Runs a command where a node or a pod of the running city is; gives its exit code. */
export async function execute(place: string, command: readonly string[]): Promise<number> {
  const machine = findCity()?.machine;
  if (machine === undefined)
    throw new CityError('not-running', `run a command in ${place}`, 'no city of this user runs');
  const client = connect({ socketPath: join(statePath(), 'api.sock') });
  const netns = await findNetns(client, place).finally(() => client.close());
  const [nsenter = '', ...args] = enterMachine(machine.pid);
  const child = spawn(nsenter, [...args, ...inNetns(netns), ...command], { stdio: 'inherit' });
  // Ctrl-C is for the command
  process.on('SIGINT', () => {});
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => resolve(code ?? 128 + (signal ? constants.signals[signal] : 0)));
  });
}

/** As root, the machine shares our users; as an ordinary user it has its own, in which we are root. */
function enterMachine(pid: number): string[] {
  const users = process.getuid?.() === 0 ? [] : ['--user', '--preserve-credentials'];
  return ['nsenter', `--target=${pid}`, ...users, '--mount', '--pid', '--'];
}

/** `place`: a node, the gate, a pod as NAMESPACE/NAME or NAME alone. */
async function findNetns(client: KubeClient, place: string): Promise<string> {
  if (place === GATE.name) return GATE.name;
  const { items: nodes } = await client.list<Node>(resources.nodes);
  if (nodes.some(({ metadata }) => metadata.name === place)) return place;
  const { items: pods } = await client.list<Pod>(resources.pods);
  const matches = pods.filter(({ metadata: { name, namespace } }) => [name, `${namespace}/${name}`].includes(place));
  const [pod, other] = matches;
  if (pod === undefined) {
    const names = nodes.map(({ metadata }) => metadata.name).join(', ');
    throw new CityError('not-found', `find ${place}`, `no such node or pod; nodes: ${names}, ${GATE.name}`);
  }
  if (other !== undefined) throw new CityError('not-found', `find ${place}`, 'more than one; say NAMESPACE/NAME');
  return podNetns(pod.metadata.namespace ?? '', pod.metadata.name);
}
