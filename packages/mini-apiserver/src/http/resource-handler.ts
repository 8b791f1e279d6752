import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Admission } from '../admission/admission.ts';
import type { Escalation } from '../auth/escalation.ts';
import type { Identity } from '../auth/identity.ts';
import type { ServiceAccountTokens } from '../auth/service-account-tokens.ts';
import type { Cluster } from '../cluster.ts';
import { strictError } from '../decode.ts';
import type { Deletion } from '../deletion.ts';
import { invalidValue } from '../field-error.ts';
import { copy, type Json, type JsonObject, type KubeObject } from '../object.ts';
import type { Location, ObjectApi } from '../object-api.ts';
import type { ResourceType } from '../resource-type.ts';
import { ApiError, badRequest, invalid, notFound } from '../status.ts';
import { bindingAnswer, withNode } from './binding.ts';
import { mediaType, readBody, requireObject } from './body.ts';
import { readDeleteOptions } from './delete-options.ts';
import { listOf, listPage } from './list.ts';
import { applyPatch } from './patch.ts';
import type { Accepted, ResourceRequest } from './request.ts';
import { scaleOf, withScale } from './scale.ts';
import { served, tableOf } from './table.ts';
import { answerTokenRequest } from './token-request.ts';
import { serveWatch, type WatchPace } from './watch.ts';

export interface Answer {
  readonly code: number;
  readonly body: JsonObject;
  /** Told in `Warning` headers, which kubectl prints. */
  readonly warnings: readonly string[];
}

interface Call {
  readonly request: IncomingMessage;
  readonly asked: ResourceRequest;
  readonly type: ResourceType;
  readonly accepted: Accepted;
  readonly identity: Identity;
  readonly warnings: string[];
}

/** What the handler works with. */
export interface ResourceParts {
  readonly cluster: Cluster;
  readonly api: ObjectApi;
  readonly deletion: Deletion;
  readonly escalation: Escalation;
  readonly admission: Admission;
  readonly tokens: ServiceAccountTokens;
  readonly pace: WatchPace;
}

/** Serves every verb of every resource. */
export class ResourceHandler {
  readonly #cluster: Cluster;
  readonly #api: ObjectApi;
  readonly #deletion: Deletion;
  readonly #escalation: Escalation;
  readonly #admission: Admission;
  readonly #tokens: ServiceAccountTokens;
  readonly #pace: WatchPace;

  constructor({ cluster, api, deletion, escalation, admission, tokens, pace }: ResourceParts) {
    this.#cluster = cluster;
    this.#api = api;
    this.#deletion = deletion;
    this.#escalation = escalation;
    this.#admission = admission;
    this.#tokens = tokens;
    this.#pace = pace;
  }

  /** The answer, or undefined when the response is a stream that has begun. @throws ApiError */
  async handle(
    request: IncomingMessage,
    response: ServerResponse,
    asked: ResourceRequest,
    accepted: Accepted,
    identity: Identity,
  ): Promise<Answer | undefined> {
    const type = this.#cluster.types.find(asked.group, asked.version, asked.resource);
    if (!type.namespaced && asked.namespace !== undefined) throw notFound({ group: type.group, kind: type.plural });
    const call: Call = { request, asked, type, accepted, identity, warnings: [] };
    if (asked.verb === 'watch') {
      serveWatch(this.#cluster, { ...asked, type, table: accepted.table }, this.#pace, request, response);
      return undefined;
    }
    if (asked.subresource !== undefined) return this.#subresource(call);
    switch (asked.verb) {
      case 'list':
        return this.#list(call);
      case 'get':
        return this.#answer(call, this.#api.get(location(call)));
      case 'create':
        return this.#create(call);
      case 'update':
      case 'patch':
        return this.#answer(call, await this.#change(call, undefined));
      case 'delete':
        return this.#delete(call);
      case 'deletecollection':
        return this.#deleteCollection(call);
    }
  }

  #list(call: Call): Answer {
    const { type, asked, accepted } = call;
    const page = listPage(this.#cluster.store, type, asked.namespace, asked.query);
    const body = accepted.table
      ? tableOf(type, page.objects, page.metadata, asked.query.includeObject, this.#cluster.now())
      : listOf(
          type,
          page,
          page.objects.map((object) => served(type, object)),
        );
    return { code: 200, body, warnings: call.warnings };
  }

  async #create(call: Call): Promise<Answer> {
    const { asked, type, request } = call;
    requireObject(request);
    if (asked.name !== undefined)
      throw new ApiError('MethodNotAllowed', 'an object is created by POST to its collection');
    if (type.namespaced && asked.namespace === undefined)
      throw badRequest('an object of this kind is created in a namespace');
    const body = (await readBody(request)) ?? null;
    const options = {
      dryRun: asked.query.dryRun !== undefined,
      admit: this.#admit(call),
      onUnknownFields: unknownFields(call, undefined),
    };
    return this.#answer(call, this.#api.create(type, asked.namespace, body, options), 201);
  }

  async #change(call: Call, subresource: 'status' | undefined): Promise<KubeObject> {
    const { asked, type, request } = call;
    const patching = asked.verb === 'patch';
    if (!patching) requireObject(request);
    const body = await readBody(request);
    return this.#api.update(
      location(call),
      patching ? applyPatch(mediaType(request), type, body) : () => body ?? null,
      {
        subresource,
        requireVersion: !patching && type.model === undefined,
        dryRun: asked.query.dryRun !== undefined,
        admit: this.#admit(call),
        onUnknownFields: unknownFields(call, patching ? body : undefined),
      },
    );
  }

  #admit({ type, identity, asked }: Call) {
    const { subresource, query } = asked;
    return (object: KubeObject, old: KubeObject | undefined) => {
      this.#escalation.check(type, identity, object, old);
      this.#admission.check({ type, identity, object, old, subresource, dryRun: query.dryRun !== undefined });
    };
  }

  async #subresource(call: Call): Promise<Answer> {
    const { asked, type } = call;
    if (asked.subresource === 'token' && type.key === '/serviceaccounts' && asked.verb === 'create') {
      return this.#token(call);
    }
    if (asked.subresource === 'binding' && type.key === '/pods' && asked.verb === 'create') return this.#bind(call);
    const changing = asked.verb === 'update' || asked.verb === 'patch';
    if (!changing && asked.verb !== 'get') throw methodNotAllowed(asked);
    if (asked.subresource === 'status' && type.status) {
      return this.#answer(call, changing ? await this.#change(call, 'status') : this.#api.get(location(call)));
    }
    if (asked.subresource === 'scale' && type.scale) return this.#scale(call, changing);
    throw notFound({ group: type.group, kind: `${type.plural}/${asked.subresource}`, name: asked.name });
  }

  async #token(call: Call): Promise<Answer> {
    requireObject(call.request);
    const account = this.#api.get(location(call));
    const wish = await readBody(call.request);
    const body = answerTokenRequest(this.#tokens, this.#cluster.store, account, wish);
    return { code: 201, body, warnings: call.warnings };
  }

  /** Past the validation of updates, which holds a pod to its node. */
  async #bind(call: Call): Promise<Answer> {
    requireObject(call.request);
    const binding = await readBody(call.request);
    const bound = withNode(this.#api.get(location(call)), binding);
    if (call.asked.query.dryRun === undefined) this.#api.put(call.type, bound);
    return { code: 201, body: bindingAnswer, warnings: call.warnings };
  }

  async #scale(call: Call, changing: boolean): Promise<Answer> {
    const { asked, type, request, warnings } = call;
    const current = this.#api.get(location(call));
    if (!changing) return { code: 200, body: scaleOf(current), warnings };
    const body = await readBody(request);
    // The patch is for the Scale, whose fields have no merge keys: as for a custom resource.
    const change =
      asked.verb === 'patch' ? applyPatch(scalePatchType(request), { ...type, model: undefined }, body) : undefined;
    const changed = this.#api.update(
      location(call),
      (object) => withScale(copy(object), change === undefined ? body : change(scaleOf(object) as KubeObject)),
      { subresource: undefined, requireVersion: false, dryRun: asked.query.dryRun !== undefined },
    );
    return { code: 200, body: scaleOf(changed), warnings };
  }

  async #delete(call: Call): Promise<Answer> {
    const { type, warnings, asked } = call;
    const { object, gone } = this.#deletion.delete(
      location(call),
      await readDeleteOptions(call.request, call.asked.query),
    );
    if (!gone || object.kind === 'Pod') return { code: 200, body: served(type, object), warnings };
    const details = {
      name: asked.name,
      ...(type.group ? { group: type.group } : {}),
      kind: type.plural,
      uid: object.metadata.uid,
    };
    return {
      code: 200,
      body: { kind: 'Status', apiVersion: 'v1', metadata: {}, status: 'Success', details },
      warnings,
    };
  }

  async #deleteCollection(call: Call): Promise<Answer> {
    const { type, asked, warnings } = call;
    const wish = await readDeleteOptions(call.request, call.asked.query);
    const page = listPage(this.#cluster.store, type, asked.namespace, {
      ...asked.query,
      limit: 0,
      continue: '',
      resourceVersion: '',
    });
    for (const { metadata } of page.objects) {
      // One deletion may take dependents of the same list along.
      if (this.#cluster.store.get(type.key, metadata.namespace, metadata.name) === undefined) continue;
      this.#deletion.delete({ type, namespace: metadata.namespace, name: metadata.name }, wish);
    }
    return {
      code: 200,
      body: listOf(
        type,
        page,
        page.objects.map((object) => served(type, object)),
      ),
      warnings,
    };
  }

  #answer(call: Call, object: KubeObject, code = 200): Answer {
    const { type, accepted, asked, warnings } = call;
    const { resourceVersion } = object.metadata;
    const body = accepted.table
      ? tableOf(type, [object], { resourceVersion }, asked.query.includeObject, this.#cluster.now())
      : served(type, object);
    return { code, body, warnings };
  }
}

function location({ asked, type }: Call): Location {
  if (asked.name === undefined) throw methodNotAllowed(asked);
  return { type, namespace: type.namespaced ? asked.namespace : undefined, name: asked.name };
}

const methodNotAllowed = ({ verb }: ResourceRequest) =>
  new ApiError('MethodNotAllowed', `the server does not allow this method on the requested resource (${verb})`);

/** By `fieldValidation`: silence, a warning per field, or a refusal. */
function unknownFields(call: Call, patch: Json | undefined): ((unknown: readonly string[]) => void) | undefined {
  const { fieldValidation } = call.asked.query;
  if (fieldValidation === 'Ignore') return undefined;
  return (unknown) => {
    if (fieldValidation !== 'Strict') {
      call.warnings.push(...unknown.map((path) => `unknown field "${path}"`));
    } else if (patch === undefined) {
      const { kind, version } = call.type;
      throw badRequest(`${kind} in version "${version}" cannot be handled as a ${kind}: ${strictError(unknown)}`);
    } else {
      throw invalid({ group: '', kind: '' }, [invalidValue('patch', JSON.stringify(patch), strictError(unknown))]);
    }
  };
}

/** kubectl sends a strategic patch for a scale now and then; for plain fields it means the same as a merge patch. */
function scalePatchType(request: IncomingMessage): string {
  const type = mediaType(request);
  return type === 'application/strategic-merge-patch+json' ? 'application/merge-patch+json' : type;
}
