import type { IncomingMessage } from 'node:http';
import type { Json } from '../object.ts';
import { ApiError, badRequest } from '../status.ts';
import { decodeProtobuf, PROTOBUF } from './protobuf.ts';

/** kube-apiserver's own limit for a request. */
const MAX_BYTES = 3 * 1024 * 1024;

/** The body as JSON, also where it came as protobuf. @throws ApiError RequestEntityTooLarge, BadRequest */
export async function readBody(request: IncomingMessage): Promise<Json | undefined> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_BYTES)
      throw new ApiError('RequestEntityTooLarge', `Request entity too large: limit is ${MAX_BYTES}`);
    chunks.push(chunk);
  }
  if (size === 0) return undefined;
  if (mediaType(request) === PROTOBUF) return decodeProtobuf(Buffer.concat(chunks));
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8')) as Json;
  } catch (cause) {
    throw badRequest(`the body is not JSON: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
  }
}

/** The media type without parameters, lower case. */
export function mediaType(request: IncomingMessage): string {
  return (request.headers['content-type'] ?? 'application/json').split(';')[0]?.trim().toLowerCase() ?? '';
}

/** For a body that is a whole object. @throws ApiError UnsupportedMediaType */
export function requireObject(request: IncomingMessage): void {
  const type = mediaType(request);
  if (type === 'application/json' || type === PROTOBUF) return;
  throw new ApiError(
    'UnsupportedMediaType',
    `the body of the request was in ${type}, accepted media types include: application/json, ${PROTOBUF}`,
  );
}
