import type { AgentQuestion, MapQuestion, Refusal } from '@kubecity/protocol';
import { cleanAddress, familyOf, type KubePod } from '@kubecity/routing';
import type { CityModel } from './city-model.ts';

type MapPacket = Extract<MapQuestion, { kind: 'explain' }>;

export interface AskedAt {
  readonly node: string;
  readonly question: Extract<AgentQuestion, { kind: 'explain' }>;
}

export interface NoSource {
  readonly code: Refusal;
  readonly message: string;
}

/** Whose kernel such a packet meets first, and what its agent is to be asked; or why there is no such packet. */
export function askedAt({ source, destination }: MapPacket, objects: CityModel['objects']): AskedAt | NoSource {
  const address = cleanAddress(destination.address)?.text;
  if (address === undefined) return invalid(`${destination.address} is not an address.`);
  const to = { destination: address, port: destination.port, protocol: destination.protocol };
  if (source.kind === 'pod') {
    const pod = [...objects('pods').values()].find(({ metadata }) => metadata.uid === source.uid);
    if (!pod) return { code: 'not-found', message: 'This pod is gone.' };
    return fromPod(pod, to);
  }
  if (!objects('nodes').has(source.node)) return { code: 'not-found', message: `There is no node ${source.node}.` };
  if (source.kind === 'node') return { node: source.node, question: { kind: 'explain', from: 'node', ...to } };
  const client = cleanAddress(source.address)?.text;
  if (client === undefined) return invalid(`${source.address} is not an address.`);
  if (familyOf(client) !== familyOf(address)) return invalid(`${client} and ${address} are of different families.`);
  return { node: source.node, question: { kind: 'explain', from: 'outside', source: client, ...to } };
}

type To = Pick<AskedAt['question'], 'destination' | 'port' | 'protocol'>;

function fromPod({ metadata, spec, status }: KubePod, to: To): AskedAt | NoSource {
  const node = spec?.nodeName;
  if (node === undefined) return { code: 'not-found', message: `${metadata.name} is not on a node yet.` };
  // It has the node's own address: its packets are those of a program there.
  if (spec?.hostNetwork) return { node, question: { kind: 'explain', from: 'node', ...to } };
  const addresses = [...(status?.podIPs ?? []).map(({ ip }) => ip), status?.podIP ?? ''];
  const family = familyOf(to.destination);
  const source = addresses.flatMap((text) => cleanAddress(text)?.text ?? []).find((text) => familyOf(text) === family);
  if (source === undefined) return invalid(`${metadata.name} has no address of ${family}.`);
  return { node, question: { kind: 'explain', from: 'pod', source, ...to } };
}

const invalid = (message: string): NoSource => ({ code: 'invalid-request', message });
