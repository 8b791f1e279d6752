import type { Sysctls } from './sysctl.ts';

const ROUTE_LOCALNET = 'net/ipv4/conf/all/route_localnet';

/**
 * Lets packets to 127.0.0.0/8 be routed, without which a node port on 127.0.0.1 cannot lead to another machine. It also
 * opens services that listen on loopback to neighbours on the network: only together with a rule that drops what comes
 * for 127.0.0.0/8 from elsewhere. Rejects with SysctlError.
 */
export const routeLoopback = (sysctls: Sysctls): Promise<'same' | 'written'> => sysctls.ensure(ROUTE_LOCALNET, 1);
