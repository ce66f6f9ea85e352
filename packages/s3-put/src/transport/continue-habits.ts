/**
 * Which bodies wait for S3's permission (`100 Continue`), and which hosts let that wait pass: those are not asked again, so
 * that a server or proxy that ignores Expect costs one wait in all.
 */
export class ContinueHabits {
  readonly #fromBytes: number;
  readonly #ignoring = new Set<string>();

  constructor(fromBytes: number) {
    this.#fromBytes = fromBytes;
  }

  asks(host: string, bodyBytes: number): boolean {
    return bodyBytes > 0 && bodyBytes >= this.#fromBytes && !this.#ignoring.has(host);
  }

  /** The host answered 100, be it late, when it had been taken for one that does not. */
  answered(host: string): void {
    this.#ignoring.delete(host);
  }

  letPass(host: string): void {
    this.#ignoring.add(host);
  }
}
