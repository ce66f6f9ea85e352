/**
 * Tells those who work on one thing that it is over, and why. It is AbortController and AbortSignal in one and in small: those two,
 * with their listeners, cost a tenth of all that a small file does, so they are made only for whoever understands nothing else.
 */
export class StopSignal {
  readonly #followers = new Set<() => void>();
  #reason: Error | undefined;
  #controller: AbortController | undefined;

  get aborted(): boolean {
    return this.#reason !== undefined;
  }

  /** Undefined until it is aborted. */
  get reason(): Error | undefined {
    return this.#reason;
  }

  throwIfAborted(): void {
    if (this.#reason !== undefined) throw this.#reason;
  }

  /** Calls back when it is aborted, unless that was before; returns what ends that. */
  follow(onAbort: () => void): () => void {
    this.#followers.add(onAbort);
    return () => void this.#followers.delete(onAbort);
  }

  /** The first reason stays. */
  abort(reason: Error): void {
    if (this.#reason !== undefined) return;
    this.#reason = reason;
    this.#controller?.abort(reason);
    // Of those that are there now: whoever follows from here on has seen that it is aborted.
    for (const onAbort of Array.from(this.#followers)) onAbort();
  }

  /** The same for the SDK and for Node. */
  get abortSignal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#reason !== undefined) this.#controller.abort(this.#reason);
    }
    return this.#controller.signal;
  }
}
