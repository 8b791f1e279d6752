import type { ResourceType } from './resource-type.ts';
import { notFound } from './status.ts';

/** The resources that are served: the built-in ones and those of the CustomResourceDefinitions. */
export class TypeRegistry {
  readonly #types = new Map<string, ResourceType>();

  add(type: ResourceType): void {
    this.#types.set(`${type.group}/${type.version}/${type.plural}`, type);
  }

  /** Stops serving every version of `group/plural`. */
  remove(key: string): void {
    for (const [path, type] of this.#types) if (type.key === key) this.#types.delete(path);
  }

  all(): ResourceType[] {
    return [...this.#types.values()];
  }

  /** @throws ApiError NotFound */
  find(group: string, version: string, plural: string): ResourceType {
    const type = this.#types.get(`${group}/${version}/${plural}`);
    if (type === undefined) throw notFound({ group, kind: plural });
    return type;
  }

  forObject({ apiVersion, kind }: { apiVersion: string; kind: string }): ResourceType | undefined {
    const [group, version] = apiVersion.includes('/') ? apiVersion.split('/') : ['', apiVersion];
    return this.all().find((type) => type.group === group && type.version === version && type.kind === kind);
  }
}
