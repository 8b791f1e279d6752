import type { PolicyCase } from '@kubecity/isolation/testing';
import type { z } from 'zod';
import { type PacketCase, packetFile } from './packet-case.ts';
import { isPolicyFile, policyFile } from './policy-file.ts';
import { casesOfTopology, isTopologyFile, topologyFile } from './topology-file.ts';

/** A file that is not JSON, or not of this format. The message has one line per faulty field. */
export class CaseFileError extends Error {
  override readonly name = 'CaseFileError';
}

export interface Cases {
  readonly packets: readonly PacketCase[];
  readonly policies: readonly PolicyCase[];
}

/** Reads `packet-flow.json`, `topology.json`, `network-policy.json` or any other file of one of the three shapes. */
export function parseCases(file: string, text: string): Cases {
  const json = parseJson(file, text);
  if (isPolicyFile(json)) return { packets: [], policies: valid(file, policyFile, json).cases };
  return { packets: packetCases(file, json), policies: [] };
}

/** Of a file about packets of one node. */
export function parseCaseFile(file: string, text: string): PacketCase[] {
  return packetCases(file, parseJson(file, text));
}

function packetCases(file: string, json: unknown): PacketCase[] {
  if (!isTopologyFile(json)) return valid(file, packetFile, json).cases;
  return casesOfTopology(valid(file, topologyFile, json));
}

function parseJson(file: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new CaseFileError(`${file}: not JSON: ${(cause as Error).message}`, { cause });
  }
}

function valid<T>(file: string, schema: z.ZodType<T>, json: unknown): T {
  const parsed = schema.safeParse(json);
  if (parsed.success) return parsed.data;
  const lines = parsed.error.issues.map((issue) => `${file}: ${placeOf(issue.path, json)}: ${issue.message}`);
  throw new CaseFileError(lines.join('\n'), { cause: parsed.error });
}

/** `cases[3] (cip-ports).flows[0].to.port` */
function placeOf(path: readonly PropertyKey[], json: unknown): string {
  let place = '';
  let here = json as Record<PropertyKey, unknown> | undefined;
  for (const step of path) {
    here = here?.[step] as Record<PropertyKey, unknown> | undefined;
    place += typeof step === 'number' ? `[${step}]` : `${place === '' ? '' : '.'}${String(step)}`;
    if (typeof step === 'number' && typeof here?.id === 'string') place += ` (${here.id})`;
  }
  return place === '' ? 'the file' : place;
}
