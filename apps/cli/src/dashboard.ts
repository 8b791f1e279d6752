import type { SteerAnswer, SteerRequest } from '@kubecity/protocol';
import { z } from 'zod';
import { Failure } from './failure.ts';
import { MapLink } from './map-link.ts';
import type { Steerer } from './steerer.ts';
import type { Terminal } from './terminal.ts';

const session = z.object({
  user: z.string(),
  groups: z.array(z.string()),
  how: z.string(),
  maySteer: z.union([z.literal('all'), z.array(z.string())]),
});
export type DashboardSession = z.infer<typeof session>;
const sessionAnswer = z.object({ session, csrf: z.string() });
const refusal = z.object({ ok: z.literal(false), code: z.string(), message: z.string() });
/** Its other fields are told as they are. */
const steerAnswer = z.discriminatedUnion('ok', [
  z.looseObject({ ok: z.literal(true), message: z.string(), remarks: z.array(z.string()), seen: z.string() }),
  z.looseObject({ ok: z.literal(false), code: z.string(), message: z.string() }),
]);

/** A dry run asks every agent. Milliseconds. */
const PATIENCE = 60_000;

/** A dashboard's HTTP API, as the person whose token it is (or as whoever is at this machine, in a city). */
export class Dashboard implements Steerer {
  readonly #base: URL;
  readonly #token: string | undefined;
  readonly #stopped: AbortSignal;
  readonly #say: Terminal['say'];
  #link: MapLink | undefined;

  /** @throws Failure `usage` */
  constructor(url: string, token: string | undefined, { stopped, say }: Pick<Terminal, 'stopped' | 'say'>) {
    const base = URL.parse(url);
    if (!base || !['http:', 'https:'].includes(base.protocol)) {
      throw new Failure('usage', `--dashboard: ${JSON.stringify(url)} is no address. Give it as https://HOST.`);
    }
    if (token !== undefined && base.protocol === 'http:' && !isLoopback(base.hostname)) {
      throw new Failure('usage', `--dashboard ${url}: a token is not sent without TLS. Give an https:// address.`);
    }
    this.#base = base;
    this.#token = token;
    this.#stopped = stopped;
    this.#say = say;
  }

  /** The live map; the same one each time. */
  map(): MapLink {
    this.#link ??= new MapLink(this.#base.origin, this.#headers(), this.#say);
    return this.#link;
  }

  async session(): Promise<DashboardSession> {
    return (await this.#session()).session;
  }

  async steer(request: SteerRequest): Promise<SteerAnswer> {
    const { csrf } = await this.#session();
    const answer = await this.#send('/api/v1/steer', {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-kubecity-csrf': csrf },
      body: JSON.stringify(request),
    });
    const parsed = steerAnswer.safeParse(await readJson(answer));
    if (!parsed.success) throw this.#strange(answer);
    return parsed.data as unknown as SteerAnswer;
  }

  /** @param query times in Unix ms */
  async audit(query: {
    readonly since?: number;
    readonly until?: number;
    readonly format: 'json' | 'csv';
  }): Promise<string> {
    const search = new URLSearchParams();
    for (const [key, value] of Object.entries(query)) if (value !== undefined) search.set(key, String(value));
    const answer = await this.#send(`/api/v1/audit?${search}`);
    if (!answer.ok) throw await this.#refused(answer);
    return answer.text();
  }

  /** Figures as Prometheus reads them. */
  async metrics(): Promise<string> {
    const answer = await this.#send('/api/v1/metrics');
    if (!answer.ok) throw await this.#refused(answer);
    return answer.text();
  }

  close(): void {
    this.#link?.close();
  }

  async #session(): Promise<z.infer<typeof sessionAnswer>> {
    const answer = await this.#send('/api/v1/session');
    if (!answer.ok) throw await this.#refused(answer);
    const parsed = sessionAnswer.safeParse(await readJson(answer));
    if (!parsed.success) throw this.#strange(answer);
    return parsed.data;
  }

  async #send(path: string, init: RequestInit & { headers?: Record<string, string> } = {}): Promise<Response> {
    const headers = { ...init.headers, ...this.#headers() };
    const signal = AbortSignal.any([this.#stopped, AbortSignal.timeout(PATIENCE)]);
    try {
      // a redirect would carry the token elsewhere
      return await fetch(new URL(path, this.#base), { ...init, headers, signal, redirect: 'error' });
    } catch (cause) {
      const why = (cause as Error & { cause?: Error }).cause?.message || (cause as Error).message;
      throw new Failure('failure', `The dashboard at ${this.#base.origin} cannot be reached: ${why}`, cause);
    }
  }

  #headers(): Record<string, string> {
    return this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` };
  }

  async #refused(answer: Response): Promise<Failure> {
    const { status } = answer;
    const parsed = refusal.safeParse(await readJson(answer));
    if (!parsed.success) return this.#strange(answer);
    if (status === 401 && this.#token === undefined) {
      return new Failure(
        'refused',
        `${parsed.data.message} Give a bearer token with --token-file, or a kubeconfig that has one.`,
      );
    }
    return new Failure(status === 401 || status === 403 ? 'refused' : 'failure', parsed.data.message);
  }

  #strange({ status }: Response): Failure {
    return new Failure('failure', `${this.#base.origin} answers ${status}, but not as a Kubecity dashboard does.`);
  }
}

async function readJson(answer: Response): Promise<unknown> {
  const text = await answer.text();
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // a proxy's page: no shape fits it
  }
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(host);
}
