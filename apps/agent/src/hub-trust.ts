import { readFile } from 'node:fs/promises';
import { type KubeClient, resources } from '@kubecity/kube';
import type { HubTrustSetting, NamespacedName } from './config/agent-config.ts';

/** The certificates by which the dashboard is known, as PEM. */
export interface HubTrust {
  /** As read last; the first time, and after `doubt`, read anew. @throws Error in words when there are none */
  certificates(): Promise<string>;
  /** The dashboard has another certificate than these. */
  doubt(): void;
}

const BUNDLE_KEY = 'ca.crt';
/** Milliseconds; the client waits longer for an API that is away, and a dashboard that restarts needs us sooner. */
const PATIENCE = 5000;

export function hubTrust(setting: HubTrustSetting, client: Pick<KubeClient, 'get'>): HubTrust {
  return new KeptTrust(() => ('file' in setting ? fromFile(setting.file) : fromConfigMap(client, setting.configMap)));
}

/** Hundreds of agents come back at the same moment: the API is asked only by those that meet a certificate they do not know. */
class KeptTrust implements HubTrust {
  readonly #read: () => Promise<string>;
  #kept: string | undefined;
  #doubted = true;

  constructor(read: () => Promise<string>) {
    this.#read = read;
  }

  async certificates(): Promise<string> {
    if (this.#kept !== undefined && !this.#doubted) return this.#kept;
    try {
      this.#kept = await this.#read();
      this.#doubted = false;
    } catch (error) {
      // what was good before may still be: it is the dashboard's certificate that decides
      if (this.#kept === undefined) throw error;
    }
    return this.#kept;
  }

  doubt(): void {
    this.#doubted = true;
  }
}

async function fromFile(file: string): Promise<string> {
  const text = await readFile(file, 'utf8');
  if (!text.includes('BEGIN CERTIFICATE')) throw new Error(`${file}: there is no certificate in this file`);
  return text;
}

async function fromConfigMap(client: Pick<KubeClient, 'get'>, { namespace, name }: NamespacedName): Promise<string> {
  const asked = client.get<{ data?: Record<string, string> }>(resources.configMaps, { namespace, name });
  const text = (await within(PATIENCE, asked)).data?.[BUNDLE_KEY];
  if (text?.includes('BEGIN CERTIFICATE')) return text;
  throw new Error(
    `ConfigMap ${namespace}/${name} has no certificate in ${BUNDLE_KEY}: the dashboard writes it when it starts`,
  );
}

async function within<T>(milliseconds: number, work: Promise<T>): Promise<T> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new Error(`the API did not answer within ${milliseconds / 1000} s`)),
    milliseconds,
  );
  try {
    return await Promise.race([work, promise]);
  } finally {
    clearTimeout(timer);
  }
}
