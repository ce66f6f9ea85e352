export interface TurnsOptions {
  /** How long anybody waits for a turn. @default Infinity */
  readonly patienceMs?: number;
  /** What whoever has waited for so long is told. */
  readonly late?: () => Error;
}

/** So many at a time; the others wait for their turn, in order. */
export class Turns {
  #free: number;
  readonly #waiting = new Set<() => void>();
  readonly #patienceMs: number;
  readonly #late: () => Error;

  constructor(
    mostAtATime: number,
    { patienceMs = Infinity, late = () => new Error('Waited too long for a turn') }: TurnsOptions = {},
  ) {
    this.#free = mostAtATime;
    this.#patienceMs = patienceMs;
    this.#late = late;
  }

  /** Throws what `late` makes, with the work not begun, or what the work throws. */
  async take<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.#free > 0) this.#free -= 1;
    else await this.#turn();
    try {
      return await work();
    } finally {
      // The turn goes on to the next one, and never back in between.
      const [next] = this.#waiting;
      if (next) next();
      else this.#free += 1;
    }
  }

  #turn(): Promise<void> {
    return new Promise((resolve, reject) => {
      const begin = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(begin);
        resolve();
      };
      const leave = (): void => {
        this.#waiting.delete(begin);
        reject(this.#late());
      };
      const timer = this.#patienceMs === Infinity ? undefined : setTimeout(leave, this.#patienceMs);
      this.#waiting.add(begin);
    });
  }
}
