import type { IdleResources, PooledResource } from './generic-pool.ts';

/**
 * The idle resources, the one used last on top, so that those at the bottom are not needed and may go. In generic-pool's words
 * the top is the front; its own list cannot give up one resource out of the middle.
 */
export class IdleStack<T> implements IdleResources<T> {
  readonly #resources: PooledResource<T>[] = [];

  get length(): number {
    return this.#resources.length;
  }

  /** The one that has been idle longest. */
  get bottom(): PooledResource<T> | undefined {
    return this.#resources[0];
  }

  shift(): PooledResource<T> | undefined {
    return this.#resources.pop();
  }

  unshift(resource: PooledResource<T>): void {
    this.#resources.push(resource);
  }

  push(resource: PooledResource<T>): void {
    this.#resources.unshift(resource);
  }

  find(resource: T): PooledResource<T> | undefined {
    return this.#resources.find(({ obj }) => obj === resource);
  }

  remove(resource: PooledResource<T>): void {
    this.#resources.splice(this.#resources.indexOf(resource), 1);
  }

  iterator(): Iterator<PooledResource<T>> {
    return this[Symbol.iterator]();
  }

  [Symbol.iterator](): Iterator<PooledResource<T>> {
    return this.#resources.toReversed()[Symbol.iterator]();
  }
}
