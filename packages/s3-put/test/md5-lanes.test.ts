import { createHash } from 'node:crypto';
import { expect, onTestFinished, test, vi } from 'vitest';
import { Md5Lanes, Md5Message } from '../src/checksum/md5-lanes.ts';
import { someBytes } from './support/uploads.ts';

// Not part of the package's API, but through it each combination of lengths would be an upload.

const nodes = (content: Uint8Array): string => createHash('md5').update(content).digest('hex');

/** The MD5s of up to four messages, each of which takes its next piece of the given size whenever there is one. */
function together(contents: readonly Uint8Array[], pieceBytes: (lane: number) => number): string[] {
  const lanes = Md5Lanes.make();
  if (lanes === undefined) throw new Error('this Node has no WebAssembly');
  const left = contents.map((content, lane) => ({ lane, content, at: 0, message: new Md5Message() }));
  for (let going = left; going.length > 0;) {
    going = going.filter(({ at, content }) => at < content.byteLength);
    const steps = going.map((one) => {
      const piece = one.content.subarray(one.at, one.at + pieceBytes(one.lane));
      one.at += piece.byteLength;
      return { message: one.message, lane: one.lane, piece };
    });
    lanes.update(steps);
  }
  return left.map(({ message }) => lanes.digest(message).toString('hex'));
}

test('Messages of each length around one, two and three blocks have the MD5 that Node makes', () => {
  for (let length = 0; length <= 200; length += 1) {
    const contents = [length, 200 - length, 64, 55].map((bytes) => someBytes(bytes));
    expect(together(contents, () => 1024)).toEqual(contents.map(nodes));
  }
});

test('In pieces that end anywhere, and with any number of others, an MD5 is the same', () => {
  const contents = [100_003, 64_000, 1, 31_337].map((bytes) => someBytes(bytes));
  const expected = contents.map(nodes);
  for (const size of [1000, 1, 55, 56, 63, 64, 65, 127, 128, 4096, 65_537]) {
    // Those of the first lane are always whole blocks, so that no two of them keep in step.
    const pieceBytes = (lane: number): number => (lane === 0 ? 6400 : size);
    const some = size === 1 ? contents.map((content) => content.subarray(0, 999)) : contents;
    for (let count = 1; count <= 4; count += 1)
      expect(together(some.slice(0, count), pieceBytes)).toEqual(
        size === 1 ? some.slice(0, count).map(nodes) : expected.slice(0, count),
      );
  }
});

test('Messages of several MiB, of like and unlike length, have the MD5 that Node makes', () => {
  const MiB = 1024 * 1024;
  for (const lengths of [
    [4 * MiB, 4 * MiB, 4 * MiB, 4 * MiB],
    [5 * MiB + 1, 3 * MiB - 1, 0, 2 * MiB + 64],
  ]) {
    const contents = lengths.map((bytes) => someBytes(bytes));
    expect(together(contents, () => 128 * 1024)).toEqual(contents.map(nodes));
  }
});

test('Where there is no WebAssembly there are none', () => {
  vi.stubGlobal('WebAssembly', undefined);
  onTestFinished(() => void vi.unstubAllGlobals());
  expect(Md5Lanes.make()).toBeUndefined();
});
