import jsonpatch, { type Operation } from 'fast-json-patch';
import { mergePatch } from '../merge-patch.ts';
import { copy, isObject, type Json, type KubeObject } from '../object.ts';
import type { ResourceType } from '../resource-type.ts';
import { ApiError, badRequest } from '../status.ts';
import { strategicMerge } from '../strategic-merge.ts';

const JSON_PATCH = 'application/json-patch+json';
const MERGE_PATCH = 'application/merge-patch+json';
const STRATEGIC = 'application/strategic-merge-patch+json';

/** What the patch makes of an object. @throws ApiError UnsupportedMediaType, BadRequest, Invalid */
export function applyPatch(
  mediaType: string,
  type: ResourceType,
  patch: Json | undefined,
): (current: KubeObject) => Json {
  const accepted = [JSON_PATCH, MERGE_PATCH, ...(type.model === undefined ? [] : [STRATEGIC])];
  if (!accepted.includes(mediaType)) {
    const asked = `the body of the request was in an unknown format - accepted media types include: ${accepted.join(', ')}`;
    const applied = mediaType.startsWith('application/apply-patch') ? ' (this server has no server-side apply)' : '';
    throw new ApiError('UnsupportedMediaType', asked + applied);
  }
  if (mediaType === JSON_PATCH) return (current) => applyJsonPatch(current, patch);
  if (!isObject(patch)) throw badRequest('the patch must be a JSON object');
  if (mediaType === MERGE_PATCH) return (current) => mergePatch(copy(current), patch);
  return (current) => strategicMerge(type.model, copy(current), patch);
}

function applyJsonPatch(current: KubeObject, patch: Json | undefined): Json {
  if (!Array.isArray(patch)) throw badRequest('a JSON patch must be a list of operations');
  try {
    // No third party's reviver: validated first, and the stored object is left alone.
    return jsonpatch.applyPatch(copy(current), patch as unknown as Operation[], true, true).newDocument as Json;
  } catch (cause) {
    const [why] = (cause instanceof Error ? cause.message : String(cause)).split('\n');
    throw new ApiError(
      'Invalid',
      `the server rejected our request due to an error in our request: ${why}`,
      undefined,
      cause,
    );
  }
}
