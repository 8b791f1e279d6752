import type { Family } from '@kubecity/routing';
import { NetfilterError } from './error.ts';
import { run } from './run.ts';

/** Which of the kernel's two sets of rules: nf_tables, or the older tables of ip_tables. Packets pass both. */
export type Flavour = 'nft' | 'legacy';

/** The iptables tools that speak one flavour here. */
export interface IptablesTools {
  readonly flavour: Flavour;
  /** Behind `iptables` and `ip6tables`; empty where only the plain name is installed. */
  readonly suffix: '' | '-nft' | '-legacy';
}

export interface ChosenTools extends IptablesTools {
  /** Why this flavour, in words. */
  readonly evidence: string;
}

const FLAVOURS: readonly Flavour[] = ['nft', 'legacy'];
const TOOLS: Readonly<Record<Family, string>> = { IPv4: 'iptables', IPv6: 'ip6tables' };
/** The kubelet makes one of these in the tables that its host uses (kubernetes-sigs/iptables-wrappers). */
const KUBELET = /^:(KUBE-IPTABLES-HINT|KUBE-KUBELET-CANARY) /m;
const MOST_MS = 60_000;

/**
 * The tools to use on this host.
 * @param wish `auto`: whichever flavour the host's own rules are in
 * @throws NetfilterError `missing-tool` when no tool of that flavour is installed
 */
export async function chooseIptables(wish: Flavour | 'auto'): Promise<ChosenTools> {
  const installed = await installedIptables();
  const { flavour, evidence } =
    wish === 'auto' ? await hostFlavour(installed) : { flavour: wish, evidence: 'set by hand' };
  const tools = installed.find((each) => each.flavour === flavour);
  if (tools) return { ...tools, evidence };
  throw new NetfilterError(
    `iptables-${flavour} --version`,
    'missing-tool',
    `no iptables tools of the ${flavour} flavour are installed, and it is the one to use: ${evidence}`,
  );
}

/** Tools of every flavour that is installed here. */
export async function installedIptables(): Promise<IptablesTools[]> {
  const found = await Promise.all(FLAVOURS.map(toolsOf));
  return found.filter((tools) => tools !== undefined);
}

interface Judged {
  readonly flavour: Flavour;
  readonly evidence: string;
}

/** The same order as iptables-wrappers: what is cheap to read and sure comes first. */
async function hostFlavour(installed: readonly IptablesTools[]): Promise<Judged> {
  const toolsOf = (flavour: Flavour) => installed.find((each) => each.flavour === flavour);
  const [mangle, legacy] = await Promise.all([saved(toolsOf('nft'), 'mangle'), saved(toolsOf('legacy'))]);
  return judgeHints(mangle, legacy) ?? judgeRules(await saved(toolsOf('nft')), legacy);
}

/**
 * The kubelet's own chain tells the host's flavour.
 * @param nftMangle table mangle of nft, as iptables-nft-save prints it
 * @param legacy all tables, as iptables-legacy-save prints them
 */
export function judgeHints(nftMangle: string, legacy: string): Judged | undefined {
  for (const [flavour, text] of [
    ['nft', nftMangle],
    ['legacy', legacy],
  ] as const) {
    const [, chain] = KUBELET.exec(text) ?? [];
    if (chain !== undefined) return { flavour, evidence: `the kubelet's chain ${chain} is in ${flavour} tables` };
  }
  return undefined;
}

/** Without the kubelet's word: the only flavour with chains of Kubernetes, else the one with more rules, else nft. */
export function judgeRules(nft: string, legacy: string): Judged {
  const ofKubernetes = (text: string) => /^:KUBE-/m.test(text);
  if (ofKubernetes(nft) !== ofKubernetes(legacy)) {
    const flavour = ofKubernetes(nft) ? 'nft' : 'legacy';
    return { flavour, evidence: `chains of Kubernetes are in ${flavour} tables only` };
  }
  const count = { nft: rulesIn(nft), legacy: rulesIn(legacy) };
  const flavour = count.legacy > count.nft ? 'legacy' : 'nft';
  return { flavour, evidence: `${count.nft} rules in nft tables, ${count.legacy} in legacy tables` };
}

const rulesIn = (text: string): number => text.match(/^-A /gm)?.length ?? 0;

/**
 * Both families. A table that is not named is not made: iptables-legacy makes one that is, and a kernel with both then
 * sends each packet through it. What cannot be read here has no rules: a tool that is not installed, a kernel without it.
 */
async function saved(tools: IptablesTools | undefined, table?: string): Promise<string> {
  if (!tools) return '';
  const args = table === undefined ? [] : ['-t', table];
  const texts = Object.values(TOOLS).map(async (tool) => {
    try {
      return await run(`${tool}${tools.suffix}-save`, args, '', MOST_MS);
    } catch (error) {
      if (isAbsent(error)) return '';
      throw error;
    }
  });
  return (await Promise.all(texts)).join('');
}

/** Not installed, or not in this kernel. */
export function isAbsent(error: unknown): boolean {
  const codes = ['missing-tool', 'missing-chain', 'refused'];
  return error instanceof NetfilterError && codes.includes(error.code);
}

async function toolsOf(flavour: Flavour): Promise<IptablesTools | undefined> {
  for (const suffix of [`-${flavour}`, ''] as const) {
    const version = await versionOf(`iptables${suffix}`);
    if (version !== undefined && flavourOf(version) === flavour) return { flavour, suffix };
  }
  return undefined;
}

async function versionOf(tool: string): Promise<string | undefined> {
  try {
    return await run(tool, ['--version'], '', 10_000);
  } catch (error) {
    if (error instanceof NetfilterError && error.code === 'missing-tool') return undefined;
    throw error;
  }
}

/** The version line says it (iptables 1.8 and later); older ones know legacy alone. */
const flavourOf = (version: string): Flavour => (version.includes('nf_tables') ? 'nft' : 'legacy');
