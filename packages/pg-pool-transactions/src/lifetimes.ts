/** The part of its lifetime by which a resource may end earlier, so that those that were made together do not end together. */
const jitter = 0.25;

/** When the resources of a pool are to be replaced. */
export class Lifetimes<T extends object> {
  readonly #maxMs: number;
  readonly #ends = new WeakMap<T, number>();

  constructor(maxMs: number) {
    this.#maxMs = maxMs;
  }

  begin(resource: T): void {
    if (this.#maxMs === Infinity) return;
    this.#ends.set(resource, performance.now() + this.#maxMs * (1 - jitter * Math.random()));
  }

  isOver(resource: T): boolean {
    return performance.now() >= (this.#ends.get(resource) ?? Infinity);
  }
}
