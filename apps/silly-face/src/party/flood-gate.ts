/**
 * A token bucket in one number a client: the moment at which the bucket will be full again (the generic cell rate algorithm,
 * ITU-T I.371). Each frame moves it on by the time that a token takes to come.
 */
export class FloodGate {
  readonly #tokenMs: number;
  readonly #fullMs: number;

  constructor(framesPerSecond: number, burst: number) {
    this.#tokenMs = 1_000 / framesPerSecond;
    this.#fullMs = this.#tokenMs * burst;
  }

  /** The next value of the number, beginning with 0, or undefined when there is no token. */
  pass(fullAgainMs: number, nowMs: number): number | undefined {
    const next = Math.max(fullAgainMs, nowMs) + this.#tokenMs;
    // Sums of fractions must not cost the last frame of a burst.
    return next - nowMs > this.#fullMs + ROUNDING_MS ? undefined : next;
  }
}

const ROUNDING_MS = 0.001;
