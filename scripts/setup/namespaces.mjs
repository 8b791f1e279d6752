import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { childEnvironment } from './runtime.mjs';
import { SetupError } from './say.mjs';

/** Flags of unshare for a private machine of our own: network, mounts and processes; users too when we are not root. */
export function unshareFlags() {
  const flags = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];
  return process.getuid() === 0 ? flags : ['--user', '--map-root-user', ...flags];
}

/**
 * The command that runs another one with a network, mounts and processes of its own, so it needs no root, meets nothing that
 * was there before, and leaves nothing behind however it ends. The tmpfs on /run is for `ip netns add` and the lock of iptables.
 */
export const inOwnMachine = (...command) => [
  'unshare',
  ...unshareFlags(),
  'sh',
  '-ec',
  'mount -t tmpfs tmpfs /run; ip link set lo up; exec "$@"',
  'sh',
  ...command,
];

/** Kernel switches with which distributions forbid user namespaces, and the value that allows them. */
const SWITCHES = [
  { key: 'kernel.unprivileged_userns_clone', forbids: (value) => value === 0, allow: 1 },
  { key: 'kernel.apparmor_restrict_unprivileged_userns', forbids: (value) => value !== 0, allow: 0 },
  { key: 'user.max_user_namespaces', forbids: (value) => value === 0, allow: 15_000 },
];

/** Throws, with the sysctl to set, when this user may not create the namespaces a city lives in. */
export function requireNamespaces() {
  const { status, stderr } = spawnSync('unshare', [...unshareFlags(), 'true'], {
    encoding: 'utf8',
    env: childEnvironment(),
  });
  if (status === 0) return;
  if (process.getuid() === 0) {
    throw new SetupError(`root may not create namespaces here: ${stderr.trim()}`, [
      'In a container, start it with --privileged (or at least CAP_SYS_ADMIN and CAP_NET_ADMIN).',
    ]);
  }
  const advice = SWITCHES.filter(({ key, forbids }) => forbids(readSysctl(key))).map(
    ({ key, allow }) => `sudo sysctl -w ${key}=${allow}`,
  );
  throw new SetupError(
    `an ordinary user may not create namespaces here: ${stderr.trim()}`,
    advice.length > 0 ? ['Allow it:', ...advice, 'or run as root.'] : ['Run as root instead.'],
  );
}

function readSysctl(key) {
  const file = `/proc/sys/${key.replaceAll('.', '/')}`;
  return existsSync(file) ? Number(readFileSync(file, 'utf8')) : undefined;
}
