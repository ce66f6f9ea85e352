import { createRequire } from 'node:module';
import type { Manifest } from './files.ts';

const require = createRequire(import.meta.url);

interface Kind {
  readonly prototype: { validate(this: unknown): void };
}

/**
 * What Kubernetes' own schema has against a manifest, and every field that the schema does not know: an API server refuses or drops
 * those, while the schema alone lets them pass. Empty when all is well.
 */
export function complaintsAbout(manifest: Manifest): string[] {
  const { apiVersion, kind } = manifest;
  const version = require(`kubernetes-models/${apiVersion}`) as Record<string, Kind | undefined>;
  const model = version[kind];
  if (!model) return [`${apiVersion} has no ${kind}`];
  const watched = new Watched();
  try {
    model.prototype.validate.call(watched.watch(manifest, kind));
  } catch (error) {
    return [(error as Error).message];
  }
  return watched.unread().map((path) => `${path} is not a field`);
}

/** Validators are compiled: they read each field that the schema has, by its name. What nobody reads is in no schema. */
class Watched {
  readonly #objects: { path: string; value: object; read: Set<PropertyKey> }[] = [];

  watch<Value extends object>(value: Value, path: string): Value {
    const read = new Set<PropertyKey>();
    this.#objects.push({ path, value, read });
    const copies = new Map<PropertyKey, unknown>();
    return new Proxy(value, {
      get: (target, key) => {
        read.add(key);
        const found: unknown = Reflect.get(target, key);
        if (typeof found !== 'object' || found === null) return found;
        if (!copies.has(key)) copies.set(key, this.watch(found, `${path}.${String(key)}`));
        return copies.get(key);
      },
    });
  }

  unread(): string[] {
    return this.#objects.flatMap(({ path, value, read }) =>
      Object.keys(value)
        .filter((key) => !read.has(key))
        .map((key) => `${path}.${key}`),
    );
  }
}
