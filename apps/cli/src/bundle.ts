import { statSync } from 'node:fs';
import { Archive } from './bundle/archive.ts';
import { Disguise } from './bundle/disguise.ts';
import { learnCluster } from './bundle/learn-cluster.ts';
import { type Part, parts } from './bundle/parts.ts';
import { scrub } from './bundle/scrub.ts';
import type { Connection } from './connection.ts';
import { EXIT, Failure } from './failure.ts';
import { bytes } from './figures.ts';
import type { MapLink } from './map-link.ts';
import { serviceOf } from './rules.ts';
import type { Terminal } from './terminal.ts';

export interface BundleFlags {
  readonly file?: string;
  readonly anonymize?: boolean;
  readonly service?: readonly string[];
}

/** Writes what helps others to help. @returns the exit code: 1 where a part could not be had */
export async function bundle(flags: BundleFlags, connection: Connection, terminal: Terminal): Promise<number> {
  const at = terminal.now();
  const stamp = new Date(at).toISOString().replace(/[-:]|\.\d+Z$/g, '');
  const folder = `kubecity-bundle-${stamp}`;
  const file = flags.file ?? `${folder}.tar.gz`;
  const archive = openArchive(file, folder, at);
  const map = await openMap(connection, terminal);
  const services = (flags.service ?? []).map((text) => serviceOf(text, connection.namespace));
  const wanted = parts({ connection, map, services });
  const secrets = await connection.secrets();
  const disguise = flags.anonymize ? await disguiseOf(map, connection) : undefined;

  const missing: string[] = [];
  for (const [i, part] of wanted.entries()) {
    terminal.say(terminal.paint('dim', `${i + 1}/${wanted.length} ${part.name}`, 'words'));
    try {
      const content = await part.read();
      const told = disguise ? disguised(content, disguise) : content;
      const text = typeof told === 'string' ? told : `${JSON.stringify(told, undefined, 2)}\n`;
      const name = disguise ? disguise.text(part.name) : part.name;
      if (!archive.add(name, scrub(text, secrets))) missing.push(`${name}: its end was cut, it was too long`);
    } catch (error) {
      missing.push(`${part.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  const about = readme(wanted, missing, new Date(at), flags.anonymize === true);
  archive.add('README.txt', scrub(disguise ? disguise.text(about) : about, secrets));
  await archive.close().catch((cause: unknown) => unwritable(file, cause));
  terminal.out(file);
  terminal.say(`${bytes(statSync(file).size)}. Look into it before you give it away: it names ${names(flags)}.`);
  for (const line of missing) terminal.say(terminal.paint('yellow', `missing: ${line}`, 'words'));
  return missing.length === 0 ? EXIT.done : EXIT.failure;
}

/** Before anything is gathered: who cannot write need not wait. */
function openArchive(file: string, folder: string, at: number): Archive {
  try {
    return new Archive(file, folder, at);
  } catch (cause) {
    return unwritable(file, cause);
  }
}

function unwritable(file: string, cause: unknown): never {
  throw new Failure('failure', `${file} cannot be written: ${(cause as Error).message}`, cause);
}

const names = ({ anonymize }: BundleFlags): string =>
  anonymize ? 'nothing of yours that is known to be a name' : 'your Services, pods, nodes, addresses and people';

/** Undefined where no dashboard is known, or it cannot be reached: the doctor inside says why. */
async function openMap(connection: Connection, terminal: Terminal): Promise<MapLink | undefined> {
  if (!connection.hasDashboard) {
    terminal.say('No dashboard is known: without --dashboard there is nothing of the nodes in it.');
    return undefined;
  }
  try {
    const map = (await connection.dashboard()).map();
    await map.whole();
    return map;
  } catch (error) {
    if (!(error instanceof Failure)) throw error;
    terminal.say(terminal.paint('yellow', error.message, 'words'));
    return undefined;
  }
}

function disguised(content: unknown, disguise: Disguise): unknown {
  // by way of JSON, so that only data is left
  return typeof content === 'string' ? disguise.text(content) : disguise.value(JSON.parse(JSON.stringify(content)));
}

/** Knows every name that the map, or else the cluster, has. */
async function disguiseOf(map: MapLink | undefined, connection: Connection): Promise<Disguise> {
  const disguise = new Disguise();
  if (map) {
    const all = <K extends Parameters<MapLink['all']>[0]>(kind: K) => [...map.all(kind).values()];
    disguise.learn(
      'namespace',
      all('namespace').map(({ name }) => name),
    );
    disguise.learn(
      'node',
      all('node').map(({ name }) => name),
    );
    disguise.learn(
      'zone',
      all('node').map(({ zone }) => zone),
    );
    disguise.learn(
      'service',
      all('service').map(({ name }) => name),
    );
    disguise.learn(
      'pod',
      all('pod').flatMap(({ name, uid }) => [name, uid]),
    );
    disguise.learn(
      'override',
      all('override').flatMap(({ name, uid }) => [name, uid]),
    );
    disguise.learn(
      'user',
      all('override').map(({ by }) => by),
    );
  }
  if (connection.hasCluster) await learnCluster(disguise, connection.client);
  return disguise;
}

function readme(wanted: readonly Part[], missing: readonly string[], at: Date, anonymized: boolean): string {
  return [
    `Support bundle of Kubecity, made ${at.toISOString()}${anonymized ? ', names and addresses replaced' : ''}`,
    '',
    ...wanted.map(({ name, about }) => `${name}: ${about}`),
    '',
    'Nothing is read from Secrets or ConfigMaps, and what looks like a token, key or password is replaced.',
    ...(missing.length === 0 ? [] : ['', 'Missing:', ...missing]),
    '',
  ].join('\n');
}
