import { Agent } from 'node:https';
import { bringNginx, certificate, freePort, startNginx } from '@silly-face/testing';
import type { Nginx, NginxOptions } from '@silly-face/testing';
import { beforeAll, beforeEach, expect, onTestFinished, test } from 'vitest';
import { localS3 } from './support/s3-local.ts';
import { failureOf, MiB, s3Put, someBytes, temporaryFile } from './support/uploads.ts';

const content = someBytes(12 * MiB);
const inParts = { multipartFromBytes: 5 * MiB, partBytes: 5 * MiB };

let missing: string | undefined;
beforeAll(async () => {
  missing = await bringNginx();
}, 300_000);
beforeEach((context) => {
  if (missing) context.skip(missing);
});

async function nginx(options: NginxOptions): Promise<Nginx> {
  const started = await startNginx(options);
  onTestFinished(() => started.stop());
  return started;
}

test("nginx's 413 is told as its own, and costs no byte", async () => {
  const s3 = await localS3();
  const { endpoint } = await nginx({ upstreams: [s3.port], maxBodyBytes: MiB });
  const path = await temporaryFile(content);
  const error = await failureOf(s3Put(endpoint).put(path, 'film'));
  expect(error).toMatchObject({
    code: 'EPROXY',
    source: 'proxy',
    statusCode: 413,
    retryable: false,
    proxy: {
      server: expect.stringMatching(/^nginx/),
      contentType: 'text/html',
      excerpt: expect.stringMatching(/^413 Request Entity Too Large/),
    },
    history: [{ bytesSent: 0 }],
  });
  expect(error.message).toMatch(/nginx\/[\d.]+, not S3, answered 413/);
});

test("nginx's 413 to a part ends the others, and leaves no upload", async () => {
  const s3 = await localS3();
  const { endpoint } = await nginx({ upstreams: [s3.port], maxBodyBytes: MiB });
  const error = await failureOf(s3Put(endpoint, inParts).put(await temporaryFile(content), 'film'));
  expect(error).toMatchObject({ operation: 'UploadPart', code: 'EPROXY', statusCode: 413, retryable: false });
  expect(await s3.uploads('film')).toBe(0);
});

test('A dead upstream is a 502, which is tried again and may pass', async () => {
  const { endpoint } = await nginx({ upstreams: [await freePort()] });
  const error = await failureOf(s3Put(endpoint).put(await temporaryFile('small'), 'key'));
  expect(error).toMatchObject({
    code: 'EPROXY',
    statusCode: 502,
    retryable: true,
    proxy: { excerpt: expect.stringMatching(/^502 Bad Gateway/) },
  });
  expect(error.history.map(({ statusCode }) => statusCode)).toEqual([502, 502, 502]);
});

test('A slow upstream is a 504, which is tried again and may pass', async () => {
  const s3 = await localS3();
  s3.faults.next({ method: 'PUT', delayMs: 600_000, times: 3 });
  const { endpoint } = await nginx({ upstreams: [s3.port], upstreamTimeoutMs: 200 });
  const error = await failureOf(s3Put(endpoint).put(await temporaryFile('small'), 'key'));
  expect(error).toMatchObject({ code: 'EPROXY', statusCode: 504, retryable: true });
  expect(error.history.map(({ statusCode }) => statusCode)).toEqual([504, 504, 504]);
});

test.each([true, false])(
  'With request buffering %s, what an upstream breaks off is sent again from its start',
  async (requestBuffering) => {
    const s3 = await localS3();
    const { endpoint } = await nginx({ upstreams: [s3.port], requestBuffering });
    s3.faults.next({ method: 'PUT', resetAfterBytes: 2 * MiB });
    s3.faults.next({ method: 'PUT', status: 503, code: 'SlowDown', afterBody: true });
    const stored = await s3Put(endpoint).put(await temporaryFile(content), 'film');
    expect(stored.attempts).toBe(3);
    expect(await s3.holds('film', content)).toBe(true);
  },
);

test('Over TLS, whole and in parts', async () => {
  const s3 = await localS3();
  const { endpoint } = await nginx({ upstreams: [s3.port], tls: true });
  const agent = new Agent({ ca: certificate.cert, keepAlive: true });
  const path = await temporaryFile(content);
  for (const options of [{ agent }, { agent, ...inParts }]) {
    await s3Put(endpoint, options).put(path, 'film');
    expect(await s3.holds('film', content)).toBe(true);
  }
  agent.destroy();
});
