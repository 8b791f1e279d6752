import type { CityRecord } from '@kubecity/protocol';
import { cleanAddress, type KubeEndpointSlice, type ObjectMeta } from '@kubecity/routing';

type Hints = NonNullable<CityRecord<'backend'>['hints']>;

const SERVICE_NAME_LABEL = 'kubernetes.io/service-name';
const idOf = ({ namespace, name }: ObjectMeta) => `${namespace}/${name}`;

/** Whom the endpoints are meant for, as their slices say. Routes of the whole cluster do not depend on it, so it is kept beside them. */
export class HintBook {
  /** Slices with at least one hint: service and hints by address. */
  readonly #slices = new Map<string, { readonly service: string; readonly byAddress: ReadonlyMap<string, Hints> }>();
  readonly #ofService = new Map<string, Set<string>>();
  readonly #touched = new Set<string>();

  set(slice: KubeEndpointSlice): void {
    this.delete(slice);
    const service = `${slice.metadata.namespace}/${slice.metadata.labels?.[SERVICE_NAME_LABEL]}`;
    const byAddress = hintsOf(slice);
    if (byAddress.size === 0) return;
    const id = idOf(slice.metadata);
    this.#slices.set(id, { service, byAddress });
    const ids = this.#ofService.get(service);
    if (ids) ids.add(id);
    else this.#ofService.set(service, new Set([id]));
    this.#touched.add(service);
  }

  delete({ metadata }: { readonly metadata: ObjectMeta }): void {
    const id = idOf(metadata);
    const service = this.#slices.get(id)?.service;
    if (service === undefined) return;
    this.#slices.delete(id);
    const ids = this.#ofService.get(service);
    ids?.delete(id);
    if (ids?.size === 0) this.#ofService.delete(service);
    this.#touched.add(service);
  }

  /** @param service `namespace/name` */
  of(service: string, address: string): Hints | undefined {
    for (const id of this.#ofService.get(service) ?? []) {
      const hints = this.#slices.get(id)?.byAddress.get(address);
      if (hints) return hints;
    }
    return undefined;
  }

  /** Services whose hints may differ since the last call. */
  take(): ReadonlySet<string> {
    const touched = new Set(this.#touched);
    this.#touched.clear();
    return touched;
  }
}

function hintsOf({ endpoints }: KubeEndpointSlice): ReadonlyMap<string, Hints> {
  const found = new Map<string, Hints>();
  for (const { addresses, hints } of endpoints ?? []) {
    const address = addresses?.[0];
    if (address === undefined || !(hints?.forZones || hints?.forNodes)) continue;
    const names = (list: readonly { readonly name: string }[] | undefined) => list?.map(({ name }) => name);
    found.set(cleanAddress(address)?.text ?? address, { zones: names(hints.forZones), nodes: names(hints.forNodes) });
  }
  return found;
}
