import { request as httpsRequest, type RequestOptions } from 'node:https';
import { json } from 'node:stream/consumers';
import { KubeConfig } from '@kubernetes/client-node';

export interface RawAnswer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: answers of every shape
  readonly body: any;
}

/** Requests as they are, for what no client of ours asks: dry runs, discovery. */
export type RawApi = (method: 'GET' | 'POST' | 'PATCH', path: string, body?: object) => Promise<RawAnswer>;

export async function rawApi(kubeconfig: string, context: string | undefined): Promise<RawApi> {
  const config = new KubeConfig();
  config.loadFromFile(kubeconfig);
  if (context !== undefined) config.setCurrentContext(context);
  const server = config.getCurrentCluster()?.server;
  if (server === undefined) throw new Error(`${kubeconfig}: the context ${config.getCurrentContext()} has no cluster`);
  return async (method, path, body) => {
    const options: RequestOptions = { method, headers: { accept: 'application/json' } };
    await config.applyToHTTPSOptions(options);
    const type = method === 'PATCH' ? 'application/merge-patch+json' : 'application/json';
    const text = body === undefined ? '' : JSON.stringify(body);
    const headers = { ...options.headers, 'content-type': type, 'content-length': Buffer.byteLength(text) };
    return new Promise((resolve, reject) => {
      httpsRequest(server + path, { ...options, headers }, (response) => {
        json(response).then((parsed) => resolve({ status: response.statusCode ?? 0, body: parsed }), reject);
      })
        .once('error', reject)
        .end(text);
    });
  };
}
