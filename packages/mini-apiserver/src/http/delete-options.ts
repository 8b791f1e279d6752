import type { IncomingMessage } from 'node:http';
import { z } from 'zod';
import type { DeleteOptions } from '../deletion.ts';
import { isObject } from '../object.ts';
import { badRequest } from '../status.ts';
import { readBody } from './body.ts';
import type { Query } from './query.ts';

const deleteOptions = z.object({
  gracePeriodSeconds: z.int().nonnegative().nullish(),
  propagationPolicy: z.string().max(64).nullish(),
  dryRun: z.array(z.string()).nullish(),
  preconditions: z.object({ uid: z.string().nullish(), resourceVersion: z.string().nullish() }).nullish(),
});

/** How an object is to be deleted, by the body and, where it is silent, by the query. @throws ApiError BadRequest */
export async function readDeleteOptions(request: IncomingMessage, query: Query): Promise<DeleteOptions> {
  const body = await readBody(request);
  const parsed = deleteOptions.safeParse(isObject(body) ? body : {});
  if (!parsed.success) throw badRequest(`invalid DeleteOptions: ${z.prettifyError(parsed.error)}`, parsed.error);
  const { gracePeriodSeconds, propagationPolicy, dryRun, preconditions } = parsed.data;
  return {
    dryRun: query.dryRun !== undefined || (dryRun?.length ?? 0) > 0,
    gracePeriodSeconds: gracePeriodSeconds ?? query.gracePeriodSeconds,
    propagationPolicy: propagationPolicy ?? query.propagationPolicy,
    preconditions: {
      uid: preconditions?.uid ?? undefined,
      resourceVersion: preconditions?.resourceVersion ?? undefined,
    },
  };
}
