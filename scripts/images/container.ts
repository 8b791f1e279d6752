import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import type { BuiltImage } from './carry-out.ts';

export interface ContainerOptions {
  /** Behind the entrypoint. */
  readonly args: readonly string[];
  /** The only places that can be written to, besides /tmp and /run. */
  readonly writable?: readonly string[];
  /** A folder of the host that is there under the same name, as a volume would be. */
  readonly volume?: string;
  readonly environment?: Readonly<Record<string, string>>;
  readonly ownNetwork?: boolean;
}

/**
 * The tree as root folder, read-only, with the host's programs and libraries where the base image would have its own.
 * $1 is the tree, $2 the user, $3 a folder of the host (or nothing), $4 folders to write to; then the command. The shell stays:
 * a process that changes its user is not ended with its parent any more, but with the first of its namespace.
 */
const ENTER = `
R=$1 USER_ID=$2 VOLUME=$3 WRITABLE=$4; shift 4
mount --bind "$R" "$R"
mkdir -p "$R/.staged" "$R/usr/local" "$R/etc" "$R/proc" "$R/dev" "$R/sys" "$R/tmp" "$R/run"
mount --bind "$R/usr/local" "$R/.staged"
mount --rbind /usr "$R/usr"
mount --bind "$R/.staged" "$R/usr/local"
for name in bin sbin lib lib64; do [ -e "/$name" ] && [ ! -e "$R/$name" ] && ln -s "usr/$name" "$R/$name"; done
for name in etc proc dev sys; do mount --rbind "/$name" "$R/$name"; done
[ -z "$VOLUME" ] || mkdir -p "$R$VOLUME"
for name in $WRITABLE; do mkdir -p "$R$name"; done
mount -o remount,bind,ro "$R"
for name in /tmp /run $WRITABLE; do mount -t tmpfs -o mode=1777 tmpfs "$R$name"; done
[ -z "$VOLUME" ] || { mkdir -p "$R$VOLUME"; mount --bind "$VOLUME" "$R$VOLUME"; }
if [ -n "$MAPPED" ]; then chroot "$R" "$@"; else chroot --userspec="$USER_ID" "$R" "$@"; fi
`;

/** Starts what a container of the image would start. Whoever is not root stays the same user in it. */
export function start(image: BuiltImage, options: ContainerOptions): ChildProcess {
  const { args, writable = [], volume = '', environment = {}, ownNetwork = false } = options;
  const root = process.getuid?.() === 0;
  const flags = ['--mount', '--fork', '--kill-child', '--pid', ...(ownNetwork ? ['--net'] : [])];
  const own = root ? flags : ['--user', '--map-root-user', ...flags];
  mkdirSync(join(image.root, image.folder), { recursive: true });
  const command = ['/usr/bin/env', '-C', image.folder, ...image.entrypoint, ...args];
  const enter = [image.root, image.user, volume, writable.join(' '), ...command];
  return spawn('unshare', [...own, 'sh', '-ec', ENTER, 'sh', ...enter], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
      ...(root ? {} : { MAPPED: '1' }),
      ...image.environment,
      ...environment,
    },
  });
}
