import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { reEncode } from '../../src/photo/re-encode.ts';
import { type Drawing, draw, look } from '../http/drawing.ts';
import { holdDecoder } from './held-decoder.ts';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'silly-face-photo-'));
});
afterAll(() => rm(directory, { recursive: true, force: true }));

const at = (name: string): string => join(directory, name);

async function drawn(name: string, drawing: Drawing): Promise<string> {
  await writeFile(at(name), Buffer.from(await (await draw(drawing)).arrayBuffer()));
  return at(name);
}

describe('a photo is re-encoded', () => {
  it.each([
    { what: 'of 50 megapixels', width: 8192, height: 6144, format: 'jpeg' },
    { what: 'of 64 megapixels', width: 8000, height: 8000, format: 'png' },
  ] as const)('$what', async ({ what, ...drawing }) => {
    const { bytes } = await reEncode(await drawn(what, drawing), at(`${what}.jpg`));
    const written = await readFile(at(`${what}.jpg`));
    expect(written).toHaveLength(bytes);
    expect(await look(written)).toMatchObject({ format: 'jpeg', width: 1080 });
  });

  it('one at a time, and after one that fails comes the next', async () => {
    const { letGo } = await holdDecoder(directory);
    let isDone = false;
    const next = reEncode(await drawn('next', {}), at('next.jpg')).finally(() => (isDone = true));
    await sleep(300);
    expect(isDone).toBe(false);
    await letGo();
    await next;
  });

  it('unless it has more pixels than any telephone makes', async () => {
    const from = await drawn('bomb', { width: 8200, height: 8200, format: 'png' });
    await expect(reEncode(from, at('bomb.jpg'))).rejects.toMatchObject({ code: 'photo-too-many-pixels' });
  });

  it('unless it is none', async () => {
    await writeFile(at('words'), 'just words');
    await expect(reEncode(at('words'), at('words.jpg'))).rejects.toMatchObject({ code: 'not-an-image' });
  });
});

describe('what the file system says is not blamed on the image:', () => {
  it('the upload is gone', async () => {
    await expect(reEncode(at('gone'), at('gone.jpg'))).rejects.toMatchObject({
      code: 'ENOENT',
      syscall: 'open',
    });
  });

  it('the result cannot be written', async () => {
    const from = await drawn('fine', {});
    await mkdir(at('taken'));
    await expect(reEncode(from, at('taken'))).rejects.toMatchObject({ code: 'EEXIST' });
    await expect(reEncode(from, at('nowhere/x.jpg'))).rejects.toMatchObject({ code: 'ENOENT' });
  });
});
