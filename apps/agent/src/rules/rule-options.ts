import { isDeepStrictEqual } from 'node:util';
import type { Family } from '@kubecity/routing';
import type { CompileOptions } from '@kubecity/ruleset';
import type { ProxyConfig } from '../config/agent-config.ts';
import { compileOptions, type HostFacts } from './compile-options.ts';
import type { OwnNode } from './own-node.ts';

/**
 * What rules depend on besides the objects: configuration and this node, both of which may change while the agent runs.
 * `changed` is told the options of each family that differ.
 */
export class RuleOptions {
  readonly #host: HostFacts;
  readonly #changed: (options: CompileOptions) => void;
  readonly #current = new Map<Family, CompileOptions>();
  #proxy: ProxyConfig;
  #node: OwnNode | undefined;
  #inFront = false;

  constructor(
    families: readonly Family[],
    proxy: ProxyConfig,
    host: HostFacts,
    changed: (options: CompileOptions) => void,
  ) {
    this.#proxy = proxy;
    this.#host = host;
    this.#changed = changed;
    for (const family of families) this.#current.set(family, compileOptions(family, proxy, undefined, host, false));
  }

  of(family: Family): CompileOptions {
    const options = this.#current.get(family);
    if (!options) throw new Error(`no rules of ${family} are written here`);
    return options;
  }

  setNode(node: OwnNode): void {
    this.#node = node;
    this.#refresh();
  }

  setProxy(proxy: ProxyConfig): void {
    this.#proxy = proxy;
    this.#refresh();
  }

  /** Whether another Service proxy routes behind our rules: mode steer. */
  standInFront(inFront: boolean): void {
    this.#inFront = inFront;
    this.#refresh();
  }

  /** What is still missing before rules can be right; undefined = nothing. */
  missing(): string | undefined {
    const waits = this.#proxy.localDetect.mode === 'nodeCIDR' && !this.#node?.podCIDRs.length;
    return waits ? 'waiting for the pod CIDR of this Node (localDetect.mode nodeCIDR)' : undefined;
  }

  #refresh(): void {
    for (const [family, before] of this.#current) {
      const options = compileOptions(family, this.#proxy, this.#node, this.#host, this.#inFront);
      if (isDeepStrictEqual(options, before)) continue;
      this.#current.set(family, options);
      this.#changed(options);
    }
  }
}
