import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { type Finding, found, ok } from '@kubecity/protocol';
import type { HubAddress } from '../config/agent-config.ts';

export interface HubFacts {
  /** As it is configured; undefined = none is. */
  readonly address: string | undefined;
  /** Why no connection can be opened; undefined = one can. */
  readonly unreachable: string | undefined;
  readonly token: { readonly file: string; readonly fault: string | undefined } | undefined;
  /** Of a running agent: whether the dashboard has welcomed it. */
  readonly welcomed: boolean | undefined;
}

const PATIENCE_MS = 3_000;

/** @param welcomed undefined where no agent runs in this process */
export async function readHub(
  hub: HubAddress | undefined,
  tokenFile: string | undefined,
  welcomed: boolean | undefined,
): Promise<HubFacts> {
  const none = { address: undefined, unreachable: undefined, token: undefined, welcomed };
  if (hub === undefined) return none;
  return {
    address: 'socketPath' in hub ? `unix:${hub.socketPath}` : hub.url,
    unreachable: await knock(hub),
    token: tokenFile === undefined ? undefined : { file: tokenFile, fault: await tokenFault(tokenFile) },
    welcomed,
  };
}

/** Opens a connection and lets go of it: names, routes, policies and listeners are tried, not what is said there. */
async function knock(hub: HubAddress): Promise<string | undefined> {
  const socket = connect('socketPath' in hub ? { path: hub.socketPath } : placeOf(hub.url));
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  socket.once('connect', () => resolve(undefined));
  socket.once('error', (error) => resolve(error.message || String(error)));
  socket.setTimeout(PATIENCE_MS, () => resolve(`no answer within ${PATIENCE_MS / 1000} s`));
  const outcome = await promise;
  socket.destroy();
  return outcome;
}

function placeOf(text: string): { host: string; port: number } {
  const { protocol, hostname, port } = new URL(text);
  return { host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) || (protocol === 'https:' ? 443 : 80) };
}

async function tokenFault(file: string): Promise<string | undefined> {
  try {
    return (await readFile(file, 'utf8')).trim() === '' ? 'it is empty' : undefined;
  } catch (error) {
    return (error as Error).message;
  }
}

export function judgeHub({ address, unreachable, token, welcomed }: HubFacts): Finding[] {
  if (address === undefined) {
    return [
      found('note', 'hub.configured', {
        what: 'no dashboard is configured (setting hub)',
        why: 'This node routes, and the map does not show what it does.',
        doThis: 'Set hub and hubTokenFile, unless that is meant.',
      }),
    ];
  }
  return [
    ...(token === undefined ? [] : [judgeToken(token)]),
    unreachable === undefined
      ? ok('hub.reachable', `the dashboard at ${address} takes connections`)
      : found('error', 'hub.reachable', {
          what: `the dashboard at ${address} takes no connection: ${unreachable}`,
          why: 'Routing goes on; the map shows this node as silent, and drains wait for it.',
          doThis: /ENOTFOUND|EAI_AGAIN/.test(unreachable)
            ? 'The name is not resolved: in the network of the host the pod needs dnsPolicy ClusterFirstWithHostNet.'
            : 'Look whether the dashboard runs, whether its Service has an endpoint, and whether a NetworkPolicy lets nodes in.',
        }),
    ...(unreachable === undefined && welcomed === false
      ? [
          found('error', 'hub.welcome', {
            what: `the dashboard at ${address} takes connections, but not this agent`,
            why: 'It refuses the token, the certificate or the version.',
            doThis:
              'Look into the log of the agent, which has the reason in words; the one of the dashboard has it too.',
          }),
        ]
      : []),
  ];
}

function judgeToken({ file, fault }: NonNullable<HubFacts['token']>): Finding {
  const id = 'hub.token';
  if (fault === undefined) return ok(id, `${file} has a token`);
  return found('error', id, {
    what: `the token for the dashboard in ${file} cannot be used: ${fault}`,
    why: 'The dashboard refuses this agent: the map shows the node as silent, and drains wait for it.',
    doThis:
      'In a cluster: look at the projected volume of the pod (serviceAccountToken). Elsewhere: put the secret of the dashboard there.',
  });
}
