import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { s3Service } from '../src/services/s3.ts';

const folder = mkdtempSync(join(tmpdir(), 'services-'));
afterAll(() => {
  rmSync(folder, { recursive: true });
});

const amazon = {
  S3_REGION: 'eu-west-1',
  S3_BUCKET: 'faces',
  S3_ACCESS_KEY_ID: 'AKIAEXAMPLE',
  S3_SECRET_ACCESS_KEY: 'secret',
};

describe('the S3 of the photos', () => {
  it.each([
    [{ ...amazon, S3_ENDPOINT: 'http://s3.example:9000' }, 'S3 at http://s3.example:9000'],
    [amazon, 'S3 bucket faces in eu-west-1'],
  ])('is the one that was said: %j', async (environment, description) => {
    expect(await s3Service(environment, join(folder, 'none'))).toEqual({
      description,
      environment: {},
      children: [],
      sockets: {},
    });
  });

  it.each([
    { S3_BUCKET: 'faces' },
    { S3_ENDPOINT: 'http://s3.example:9000' },
    { ...amazon, S3_ENDPOINT: 'http://s3.example:9000', S3_BUCKET: '' },
  ])('is an error when it was said in part: %j', async (environment) => {
    await expect(s3Service(environment, join(folder, 'none'))).rejects.toThrow(
      'Expected the environment variable S3_',
    );
  });

  it('is s3-local over a folder when nothing was said', async () => {
    const { description, children, environment } = await s3Service({}, join(folder, 's3'));
    expect(description).toBe(`s3-local in ${join(folder, 's3')}`);
    expect(children.map(({ name }) => name)).toEqual(['s3']);
    expect(environment['S3_ENDPOINT']).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  });
});
