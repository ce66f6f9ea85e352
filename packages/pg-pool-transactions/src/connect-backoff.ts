const firstMs = 50;
const longestMs = 1_000;

/**
 * When may the next attempt to connect begin? At once, until one fails; then one attempt at a time, after a wait that doubles up
 * to a second and varies by half, so that many processes do not knock in step.
 */
export class ConnectBackoff {
  #failures = 0;
  #notBefore = 0;

  /** True from a failure on until an attempt succeeds. */
  get failing(): boolean {
    return this.#failures > 0;
  }

  get waitMs(): number {
    return Math.max(0, this.#notBefore - performance.now());
  }

  failed(): void {
    // Attempts that ran side by side and fail together are one failure.
    if (this.waitMs > 0) return;
    const ms = Math.min(longestMs, firstMs * 2 ** this.#failures);
    this.#failures++;
    this.#notBefore = performance.now() + ms * (0.5 + Math.random() / 2);
  }

  succeeded(): void {
    this.#failures = 0;
    this.#notBefore = 0;
  }
}
