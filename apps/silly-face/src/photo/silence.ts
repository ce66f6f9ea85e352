import { Readable } from 'node:stream';

/**
 * The same bytes. Fails when none have come for so long while somebody waits for them: one who reads slowly, and so lets the
 * source wait, has all the time.
 */
export function withoutSilence(source: Readable, limitMs: number): Readable {
  const chunks = source[Symbol.asyncIterator]() as AsyncIterator<Buffer>;
  return new Readable({
    read() {
      const giveUp = (): void => void source.destroy(new Error(`Nothing came for ${limitMs} ms`));
      const silence = setTimeout(giveUp, limitMs);
      chunks
        .next()
        .then(
          ({ done, value }) => this.push(done ? null : value),
          (error: Error) => this.destroy(error),
        )
        .finally(() => clearTimeout(silence));
    },
    destroy(error, callback) {
      source.destroy();
      callback(error);
    },
  });
}
