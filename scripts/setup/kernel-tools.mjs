import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { which } from './runtime.mjs';
import { done, SetupError, since, step } from './say.mjs';

/** What each need is called on the PATH (any one will do) and in which Debian/Ubuntu package it comes. */
const TOOLS = {
  iptables: { commands: ['iptables'], package: 'iptables' },
  ipset: { commands: ['ipset'], package: 'ipset' },
  nft: { commands: ['nft'], package: 'nftables' },
  conntrack: { commands: ['conntrack'], package: 'conntrack' },
  ip: { commands: ['ip'], package: 'iproute2' },
  perl: { commands: ['perl'], package: 'perl-base' },
  unshare: { commands: ['unshare'], package: 'util-linux' },
  chromium: {
    commands: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable'],
    package: 'chromium',
    ubuntuPackage: 'chromium-browser',
  },
};

export const kernelTools = ['iptables', 'ipset', 'nft', 'conntrack', 'ip', 'unshare'];
export const kernelToolsAndBrowser = [...kernelTools, 'chromium'];

/** Installs what is missing where we may (root, apt-get); elsewhere throws with the command to run. */
export function ensureTools(names) {
  const missing = names.filter((name) => !TOOLS[name].commands.some(which));
  if (missing.length === 0) return;
  const packages = missing.map(packageOf);
  const install = `apt-get install -y --no-install-recommends ${packages.join(' ')}`;
  if (!which('apt-get') || !isDebianLike()) {
    throw new SetupError(`missing on this machine: ${missing.join(', ')}`, [
      'Install them with your package manager; on Debian or Ubuntu:',
      `sudo apt-get update && sudo ${install}`,
    ]);
  }
  if (process.getuid() !== 0) {
    throw new SetupError(`missing on this machine: ${missing.join(', ')}. Run:`, [
      `sudo apt-get update && sudo ${install}`,
    ]);
  }
  const start = performance.now();
  step(`Installing ${packages.join(', ')} (apt-get)`);
  apt(['update']);
  apt(['install', '-y', '--no-install-recommends', ...packages]);
  const still = missing.filter((name) => !TOOLS[name].commands.some(which));
  if (still.length > 0) throw new SetupError(`apt-get succeeded, but these are still missing: ${still.join(', ')}`);
  done(`${packages.join(', ')} installed in ${since(start)}`);
}

function apt(args) {
  const { status, stdout, stderr } = spawnSync('apt-get', ['-q', ...args], {
    encoding: 'utf8',
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    stdio: ['ignore', 'pipe', 'pipe'],
    maxBuffer: 64 * 1024 * 1024,
  });
  if (status === 0) return;
  const said = `${stdout}${stderr}`.trim().split('\n').slice(-10);
  throw new SetupError(`apt-get ${args[0]} failed (exit ${status})`, said);
}

function packageOf(name) {
  const tool = TOOLS[name];
  return tool.ubuntuPackage && /^ID=ubuntu$/m.test(osRelease()) ? tool.ubuntuPackage : tool.package;
}

function isDebianLike() {
  return /^ID(_LIKE)?=.*(debian|ubuntu)/m.test(osRelease());
}

function osRelease() {
  return existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
}
