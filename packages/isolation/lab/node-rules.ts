import type { Family } from '@kubecity/routing';
import { changesOf, diff, EMPTY_KERNEL, firstDifference, parseSave, renderRestore, stateOf } from '@kubecity/ruleset';
import {
  compareSets,
  IsolationCompiler,
  type IsolationOptions,
  IsolationTracker,
  isNoWork,
  parseSets,
  renderSets,
} from '../src/index.ts';

const FAMILIES: readonly Family[] = ['IPv4', 'IPv6'];

/** Runs a script in the node's namespace. */
type Run = (script: string, input?: string) => string;

/** What an agent does on one node of the lab: follows the objects, and writes both families. */
export class NodeRules {
  readonly tracker: IsolationTracker;
  readonly #run: Run;
  readonly #compilers: readonly IsolationCompiler[];
  #written = false;

  constructor(node: string, run: Run, options: Omit<IsolationOptions, 'family'>) {
    this.tracker = new IsolationTracker(node);
    this.#run = run;
    this.#compilers = FAMILIES.map((family) => new IsolationCompiler({ ...options, family }));
  }

  /** Brings the kernel to what the objects say now. */
  write(): void {
    const change = this.tracker.take();
    for (const [i, compiler] of this.#compilers.entries()) {
      const { chains, sets } = compiler.update(change);
      const { prepare, widen, discard } = renderSets(sets);
      const { ruleset } = compiler;
      const rules = this.#written ? changesOf(ruleset, chains) : diff(EMPTY_KERNEL, stateOf(ruleset));
      if (prepare !== '') this.#run('ipset restore', prepare);
      this.#run(`${tool(i)}-restore --noflush`, [...renderRestore(rules)].join(''));
      if (widen !== '') this.#run('ipset restore', widen);
      if (discard !== '') this.#discard(discard);
    }
    this.#written = true;
  }

  /** How the kernel differs from what was written, in words; undefined when it does not. */
  difference(): string | undefined {
    const saved = this.#run('ipset save');
    for (const [i, compiler] of this.#compilers.entries()) {
      const { chains, jumps } = parseSave(this.#run(`${tool(i)}-save -t filter`));
      const found = { chains: { filter: chains, nat: new Map() }, jumps: { filter: jumps, nat: [] }, overtaken: [] };
      const rules = firstDifference(stateOf(compiler.ruleset), found);
      if (rules !== undefined) return rules;
      const work = compareSets(parseSets(saved, FAMILIES[i] as Family), compiler.sets);
      if (!isNoWork(work)) return JSON.stringify({ ...work, change: [...work.change] });
    }
    return undefined;
  }

  /** Takes everything away again. */
  remove(): void {
    const compilers = this.#compilers.entries();
    for (const [i, { ruleset, sets }] of compilers) {
      const rules = diff(stateOf(ruleset), EMPTY_KERNEL);
      this.#run(`${tool(i)}-restore --noflush`, [...renderRestore(rules)].join(''));
      const { discard } = renderSets({ create: [], change: new Map(), destroy: [...sets.keys()] });
      if (discard !== '') this.#discard(discard);
    }
  }

  /** The kernel frees removed rules in the background, and lets go of their sets only then. */
  #discard(text: string): void {
    for (let left = text, tries = 1; left !== ''; tries++) {
      try {
        this.#run('ipset restore', left);
        return;
      } catch (error) {
        if (tries === 50) throw error;
        const names = new Set(this.#run('sleep 0.02; ipset list -n').split('\n'));
        left = left.replace(/^destroy (\S+)\n/gm, (line, name: string) => (names.has(name) ? line : ''));
      }
    }
  }
}

const tool = (i: number) => (FAMILIES[i] === 'IPv4' ? 'iptables' : 'ip6tables');
