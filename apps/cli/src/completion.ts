import tab from '@bomb.sh/tab/commander';
import { type KubeClient, type Resource, resources } from '@kubecity/kube';
import type { ObjectMeta } from '@kubecity/routing';
import type { Command } from 'commander';
import { Connection, type ConnectionFlags } from './connection.ts';
import { knownChanges } from './direct.ts';
import type { Terminal } from './terminal.ts';

type Completion = ReturnType<typeof tab>;
/** A word that may come next, and what it means. */
type Offer = readonly [value: string, description: string];

/** Whoever presses Tab does not wait longer. Milliseconds. */
const PATIENCE = 4000;

/** Adds `completion SHELL`, and the hidden command that its script calls at each Tab. */
export function addCompletion(program: Command): Completion {
  // the package was built against another copy of the same commander
  const completion = tab(program as unknown as Parameters<typeof tab>[0], { completionCommandName: 'completion' });
  // a shell asks for options of the command that is typed, and ours may stand behind every command
  for (const command of completion.commands.values()) {
    for (const [name, option] of completion.options) if (!command.options.has(name)) command.options.set(name, option);
  }
  return completion;
}

/**
 * Looks up the names that the cluster has, before a Tab is answered. A cluster that is away costs the names, not the rest.
 * @param words of the line so far, the last one perhaps empty
 */
export async function lookUpNames(
  program: Command,
  completion: Completion,
  words: readonly string[],
  terminal: Terminal,
): Promise<void> {
  const { operands } = program.parseOptions([...words]);
  const [first = '', second = ''] = operands;
  const command = completion.commands.get(`${first} ${second}`) ?? completion.commands.get(first);
  if (!command) return;
  const option = words.at(-2)?.replace(/^-+/, '') ?? '';
  const wished = ASKED_BY_OPTION[option] ?? askedByArgument(operands);
  if (!wished) return;
  const silent: Terminal = { ...terminal, say: () => {} };
  const offers = await within(namesOf(wished, program.opts<ConnectionFlags>(), words.at(-1) ?? '', silent));
  const answer = (complete: (value: string, description: string) => void) => {
    for (const [value, description] of offers) complete(value, description);
  };
  for (const [name, argument] of command.arguments) if (NAMED_ARGUMENTS.has(name)) argument.handler = answer;
  for (const one of command.options.values()) if (ASKED_BY_OPTION[one.value]) one.handler = answer;
}

/** The others are numbers, and words that a command knows itself. */
const NAMED_ARGUMENTS: ReadonlySet<string> = new Set([
  'target',
  'service',
  'services',
  'names',
  'change',
  'from',
  'to',
]);

type Asked =
  | 'targets'
  | 'services'
  | 'nodes'
  | 'zones'
  | 'pods'
  | 'namespaces'
  | 'overrides'
  | 'changes'
  | 'ends'
  | 'clients'
  | 'policies';

const ASKED_BY_OPTION: Readonly<Record<string, Asked>> = {
  n: 'namespaces',
  namespace: 'namespaces',
  node: 'nodes',
  via: 'nodes',
  zone: 'zones',
  pod: 'pods',
  from: 'clients',
  to: 'ends',
  delete: 'policies',
};

function askedByArgument([command = '', first = '']: readonly string[]): Asked | undefined {
  if (['drain', 'undrain', 'weight', 'share'].includes(command)) return 'targets';
  if (command === 'undo') return 'changes';
  if (command === 'rules' || command === 'watch') return 'services';
  if (command === 'explain') return 'ends';
  if (command !== 'get') return undefined;
  const kinds: Readonly<Record<string, Asked>> = { nodes: 'nodes', overrides: 'overrides' };
  return kinds[first] ?? 'services';
}

async function namesOf(asked: Asked, flags: ConnectionFlags, typed: string, terminal: Terminal): Promise<Offer[]> {
  const connection = new Connection(flags, terminal);
  try {
    return await lookUp(asked, connection, typed);
  } finally {
    await connection.close();
  }
}

async function lookUp(asked: Asked, { client, namespace }: Connection, typed: string): Promise<Offer[]> {
  const of = (resource: Resource, prefix = '') => listed(client, resource, namespace, prefix);
  switch (asked) {
    case 'services':
      return of(resources.services);
    case 'nodes':
      return of(resources.nodes);
    case 'zones':
      return zones(client, '');
    case 'pods':
      return of(resources.pods);
    case 'namespaces':
      return of(resources.namespaces);
    case 'overrides':
      return [...(await of(resources.routingOverrides)), ...(await of(resources.clusterRoutingOverrides))];
    case 'changes':
      return (await knownChanges(client, namespace)).map(({ id, what, name, who }) => [
        id,
        `${what} ${name} by ${who}`,
      ]);
    case 'clients':
      return of(resources.pods, 'pod/');
    case 'policies':
      return of(resources.networkPolicies, `${namespace}/`);
    case 'ends':
      return [...(await of(resources.pods, 'pod/')), ...(await of(resources.services, 'service/'))];
    case 'targets':
      return targets(client, of, typed);
  }
}

/** Pods, of which there are many, only for who begins to name one. */
async function targets(
  client: KubeClient,
  of: (resource: Resource, prefix: string) => Promise<Offer[]>,
  typed: string,
): Promise<Offer[]> {
  if (typed.startsWith('pod/')) return of(resources.pods, 'pod/');
  const lists = [
    of(resources.services, 'service/'),
    of(resources.nodes, 'node/'),
    zones(client, 'zone/'),
    of(resources.routingOverrides, 'override/'),
    of(resources.clusterRoutingOverrides, 'cluster-override/'),
    of(resources.namespaces, 'namespace/'),
  ];
  // what somebody may not list is not offered
  const found = (await Promise.allSettled(lists)).flatMap((list) => (list.status === 'fulfilled' ? list.value : []));
  return [...found, ['pod/', 'a pod in all its Services'], ['cluster', 'what the options choose']];
}

interface Named {
  readonly metadata: ObjectMeta;
}

async function listed(client: KubeClient, resource: Resource, namespace: string, prefix: string): Promise<Offer[]> {
  const { items } = await client.list<Named>(resource, { namespace: resource.namespaced ? namespace : undefined });
  return items.map(({ metadata: { name } }) => [`${prefix}${name}`, '']);
}

async function zones(client: KubeClient, prefix: string): Promise<Offer[]> {
  const { items } = await client.list<Named>(resources.nodes);
  const names = items.flatMap(({ metadata }) => metadata.labels?.['topology.kubernetes.io/zone'] ?? []);
  return [...new Set(names)].sort().map((name) => [`${prefix}${name}`, '']);
}

async function within(offers: Promise<Offer[]>): Promise<readonly Offer[]> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Offer[]>((resolve) => {
    timer = setTimeout(() => resolve([]), PATIENCE);
  });
  // Tab has no place for an error: nothing to offer is the answer
  return Promise.race([offers.catch(() => []), late]).finally(() => clearTimeout(timer));
}
