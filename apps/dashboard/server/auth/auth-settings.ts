import { readFileSync } from 'node:fs';
import { isLoopback } from '../origin.ts';
import type { OidcSettings } from './oidc.ts';
import type { SessionLimits } from './session.ts';

export const AUTH_WAYS = ['local', 'token', 'oidc', 'proxy'] as const;
export type AuthWay = (typeof AUTH_WAYS)[number];

/** Who may come in, and how they prove who they are. */
export interface AuthSettings {
  readonly ways: readonly AuthWay[];
  readonly limits: SessionLimits;
  /** Where browsers reach the dashboard, when that is not where it listens. */
  readonly publicUrl?: URL;
  /** With way `oidc`. */
  readonly oidc?: OidcSettings;
  /** With way `proxy`: by which it proves itself. */
  readonly proxySecret?: string;
}

const HOUR = 3_600_000;
/** Without sign-in, for whoever is at this machine. */
export const LOCAL: AuthSettings = { ways: ['local'], limits: { idle: 8 * HOUR, longest: 24 * HOUR } };

/** As the flags say it. */
export interface AuthFlags {
  readonly auth: readonly AuthWay[];
  readonly publicUrl?: URL;
  readonly sessionIdleHours: number;
  readonly sessionHours: number;
  readonly oidcIssuer?: URL;
  readonly oidcClientId?: string;
  readonly oidcClientSecretFile?: string;
  readonly oidcScopes: string;
  readonly oidcActsAs: 'token' | 'impersonate';
  readonly oidcUsernameClaim: string;
  readonly oidcUsernamePrefix: string;
  readonly oidcGroupsClaim: string;
  readonly oidcGroupsPrefix: string;
  readonly proxySecretFile?: string;
}

interface Surroundings {
  /** Where browsers connect. */
  readonly host: string;
  /** The API server is behind a Unix socket. */
  readonly kubeSocket?: string;
  /** Who started this container published its port on loopback alone, so nobody else reaches `host`. */
  readonly publishedOnLoopback?: boolean;
}

/** @throws Error that names the flags that do not go together, and the way out */
export function authSettings(flags: AuthFlags, { host, kubeSocket, publishedOnLoopback }: Surroundings): AuthSettings {
  const { auth: ways, publicUrl } = flags;
  if (ways.includes('local')) {
    if (ways.length > 1) throw new Error('--auth local lets everybody in: it cannot go with another --auth');
    if (!isLoopback(host) && !publishedOnLoopback) {
      throw new Error(
        `${host} can be reached from other machines, and --auth local asks nobody who they are: choose --auth token, oidc or ` +
          'proxy, or listen on 127.0.0.1 and reach it through a tunnel (ssh -L, kubectl port-forward)',
      );
    }
  }
  const oidc = ways.includes('oidc') ? oidcSettings(flags) : undefined;
  if (kubeSocket !== undefined && (ways.includes('token') || oidc?.actsAs === 'token')) {
    throw new Error('--kube-socket: over a Unix socket no token proves anything; use --kubeconfig, or --auth proxy');
  }
  if (oidc && !publicUrl) throw new Error('--auth oidc needs --public-url, to which the issuer sends people back');
  return {
    ways,
    limits: { idle: flags.sessionIdleHours * HOUR, longest: flags.sessionHours * HOUR },
    publicUrl,
    oidc,
    proxySecret: ways.includes('proxy') ? secretFrom('--proxy-secret-file', flags.proxySecretFile, 32) : undefined,
  };
}

function oidcSettings(flags: AuthFlags): OidcSettings {
  const { oidcIssuer: issuer, oidcClientId: clientId, oidcClientSecretFile: file } = flags;
  if (!issuer || !clientId) throw new Error('--auth oidc needs --oidc-issuer and --oidc-client-id');
  return {
    issuer,
    clientId,
    clientSecret: file === undefined ? undefined : secretFrom('--oidc-client-secret-file', file, 1),
    scopes: flags.oidcScopes,
    actsAs: flags.oidcActsAs,
    usernameClaim: flags.oidcUsernameClaim,
    usernamePrefix: flags.oidcUsernamePrefix,
    groupsClaim: flags.oidcGroupsClaim,
    groupsPrefix: flags.oidcGroupsPrefix,
  };
}

function secretFrom(flag: string, file: string | undefined, least: number): string {
  if (file === undefined) throw new Error(`--auth proxy needs ${flag}`);
  const secret = readFileSync(file, 'utf8').trim();
  if (secret.length < least) throw new Error(`${flag} ${file}: a secret has at least ${least} characters`);
  return secret;
}
