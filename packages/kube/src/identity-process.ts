/**
 * The process that `askIdentity` starts. Its argument is a ConnectOptions as JSON; it sends one Answer and ends. It alone
 * loads the client library, whose 1000 modules would stay in the memory of whoever imports them.
 */
import { readFileSync } from 'node:fs';
import type { RequestOptions } from 'node:https';
import { dirname, resolve } from 'node:path';
import { KubeConfig, loadYaml, type User } from '@kubernetes/client-node';
import type { Answer, ConnectOptions, Identity } from './identity.ts';

/** What is wrong with the configuration itself; any other error may pass. */
class Invalid extends Error {
  readonly operation: string;

  constructor(operation: string, detail: string) {
    super(detail);
    this.operation = operation;
  }
}

/** Name that `loadFromCluster` gives to the provider of a ServiceAccount. */
const TOKEN_FILE = 'tokenFile';

async function answer(options: ConnectOptions): Promise<Answer> {
  try {
    return {
      identity: await identify(options.inCluster ? inCluster() : fromFile(options.kubeconfig ?? '', options.context)),
    };
  } catch (error) {
    if (error instanceof Invalid) return { invalid: { operation: error.operation, detail: error.message } };
    return { failed: error instanceof Error ? error.message || error.name : String(error) };
  }
}

function inCluster(): KubeConfig {
  if (!process.env.KUBERNETES_SERVICE_HOST) {
    throw new Invalid('connect', 'not inside a cluster: KUBERNETES_SERVICE_HOST is not set');
  }
  const config = new KubeConfig();
  config.loadFromCluster();
  return config;
}

function fromFile(file: string, context: string | undefined): KubeConfig {
  const operation = `read kubeconfig ${file}`;
  const config = new KubeConfig();
  try {
    const text = readFileSync(file, 'utf8');
    config.loadFromString(text);
    config.makePathsAbsolute(dirname(file));
    if (context !== undefined) useContext(config, context);
    adoptTokenFile(config.getCurrentUser(), text, dirname(file));
  } catch (cause) {
    throw new Invalid(operation, cause instanceof Error ? cause.message : String(cause));
  }
  const cluster = config.getCurrentCluster();
  if (!cluster) throw new Invalid(operation, 'its current context names no cluster');
  const { protocol, hostname } = urlOf(operation, `server of cluster ${cluster.name}`, cluster.server);
  // The library refuses plain HTTP; towards this machine itself there is nobody to listen in.
  const loopback = hostname === 'localhost' || hostname === '[::1]' || /^127\.\d+\.\d+\.\d+$/.test(hostname);
  if (protocol === 'http:' && loopback) Object.assign(cluster, { skipTLSVerify: true });
  if (cluster.proxyUrl) {
    const field = `proxy-url of cluster ${cluster.name}`;
    const proxy = urlOf(operation, field, cluster.proxyUrl);
    if (proxy.protocol !== 'http:' && proxy.protocol !== 'https:') {
      throw new Invalid(operation, `${field}: ${proxy.protocol} proxies are not supported, only http: and https:`);
    }
  }
  return config;
}

function useContext(config: KubeConfig, context: string): void {
  const names = config.contexts.map(({ name }) => name);
  if (!names.includes(context)) {
    throw new Error(`there is no context ${JSON.stringify(context)}; there are: ${names.join(', ') || 'none'}`);
  }
  config.setCurrentContext(context);
}

function urlOf(operation: string, field: string, text: string): URL {
  const url = URL.parse(text);
  if (!url) throw new Invalid(operation, `${field}: ${JSON.stringify(text)} is not a URL`);
  return url;
}

/** The library knows token files from ServiceAccounts but drops `tokenFile` of a kubeconfig. As in client-go it goes before `token`. */
function adoptTokenFile(user: User | null, text: string, directory: string): void {
  const { users = [] } = loadYaml<{ users?: { name: string; user?: { tokenFile?: string } }[] }>(text);
  const given = users.find(({ name }) => name === user?.name)?.user?.tokenFile;
  if (!user || !given || user.exec || user.authProvider) return;
  const tokenFile = resolve(directory, given);
  Object.assign(user, { token: undefined, authProvider: { name: TOKEN_FILE, config: { tokenFile } } });
}

async function identify(config: KubeConfig): Promise<Identity> {
  const user = config.getCurrentUser();
  const cluster = config.getCurrentCluster();
  const signed: RequestOptions = {};
  await config.applyToHTTPSOptions(signed);
  const { ca, cert, key, servername, rejectUnauthorized, auth } = signed;
  const headers = {
    ...(auth && { Authorization: `Basic ${Buffer.from(auth).toString('base64')}` }),
    ...(signed.headers as Record<string, string> | undefined),
  };
  const tokenFile: string | undefined =
    user?.authProvider?.name === TOKEN_FILE ? user.authProvider.config.tokenFile : undefined;
  return {
    origin: cluster?.server.replace(/\/+$/, '') ?? '',
    headers,
    tokenFile,
    expiry: user && tokenFile === undefined ? expiryOf(config, user, headers.Authorization) : undefined,
    tls: { ca: pem(ca), cert: pem(cert), key: pem(key), servername, rejectUnauthorized },
    proxy: cluster?.proxyUrl || undefined,
  };
}

function pem(value: unknown): string | undefined {
  return value ? String(value) : undefined;
}

interface ExecCredential {
  readonly status: { readonly expirationTimestamp?: string };
}

/** Unix time in milliseconds until which the answer of a plugin is good. What is written in the kubeconfig stays as it is. */
function expiryOf(config: KubeConfig, user: User, authorization = ''): number | undefined {
  if (!user.exec && !user.authProvider) return undefined;
  // the library keeps what a plugin answered to itself and has no other door to it
  const { authenticators } = config as unknown as { authenticators: { tokenCache?: Record<string, ExecCredential> }[] };
  const credential = authenticators.map(({ tokenCache }) => tokenCache?.[user.name]).find((found) => found);
  const stated = Date.parse(credential?.status.expirationTimestamp ?? '');
  return Number.isNaN(stated) ? jwtExpiry(authorization) : stated;
}

function jwtExpiry(authorization: string): number | undefined {
  try {
    const { exp } = JSON.parse(Buffer.from(authorization.split('.')[1] ?? '', 'base64url').toString());
    return typeof exp === 'number' ? exp * 1000 : undefined;
  } catch {
    // an opaque token, which is as good
    return undefined;
  }
}

// who asked is gone; a plugin that waits for something would keep this process
process.once('disconnect', () => process.exit());
process.send?.(await answer(JSON.parse(process.argv[2] ?? '')), () => process.exit());
