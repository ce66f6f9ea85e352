/** One thing at a time, in the order in which they were asked for. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve();

  /** Resolves, or fails, as the action does when its turn has come. Its failure does not concern those that follow. */
  async take<T>(action: () => Promise<T>): Promise<T> {
    const outcome = this.#last.then(action);
    this.#last = outcome.then(
      () => undefined,
      () => undefined,
    );
    return outcome;
  }
}
