import { S3Client } from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { answer, answerAfterBody, resetAfter, s3Error, scripted, store } from './support/scripted-server.ts';
import { credentials, failureOf, MiB, s3Put, someBytes, temporaryFile } from './support/uploads.ts';

const content = someBytes(3 * MiB + 17);

test('A reset in mid-body is tried again, and the second attempt sends the file from its start', async () => {
  const server = await scripted(resetAfter(MiB), store());
  const stored = await s3Put(server.endpoint).put(await temporaryFile(content), 'key');
  expect(stored).toMatchObject({ attempts: 2, bytes: content.length });
  expect(server.received[1]?.body.equals(content)).toBe(true);
});

test.each([
  ['a reset before any byte of the body', resetAfter(0)],
  ['503 SlowDown before the body', answer(503, {}, s3Error('SlowDown'))],
  ['500 after the body', answerAfterBody(500, {}, s3Error('InternalError'))],
  ['502 of a proxy', answerAfterBody(502, { server: 'nginx' }, '<html>Bad Gateway</html>')],
  ['an error document under a 200', answerAfterBody(200, {}, s3Error('InternalError'))],
])('%s is tried again', async (_, scene) => {
  const server = await scripted(scene, store());
  expect(await s3Put(server.endpoint).put(await temporaryFile(content), 'key')).toMatchObject({
    attempts: 2,
  });
  expect(server.received[1]?.body.equals(content)).toBe(true);
});

test('The client decides how often: one attempt means one', async () => {
  const server = await scripted(answer(503, {}, s3Error('SlowDown')));
  const client = new S3Client({
    endpoint: server.endpoint,
    credentials,
    region: 'us-east-1',
    maxAttempts: 1,
  });
  const error = await failureOf(s3Put(server.endpoint, { client }).put(await temporaryFile('small'), 'key'));
  client.destroy();
  expect(error).toMatchObject({ code: 'ES3', statusCode: 503, retryable: true });
  expect(error.history).toHaveLength(1);
  expect(server.received).toHaveLength(1);
});

test('A clock that is an hour late is corrected by the answer, and the next attempt is signed with the right time', async () => {
  const inAnHour = new Date(Date.now() + 3_600_000);
  const tooSkewed = answer(403, { date: inAnHour.toUTCString() }, s3Error('RequestTimeTooSkewed'));
  const server = await scripted(tooSkewed, store());
  expect(await s3Put(server.endpoint).putBuffer(Buffer.from('late'), 'key')).toMatchObject({ attempts: 2 });
  const [first = '', second = ''] = server.received.map(({ headers }) => String(headers['x-amz-date']));
  expect(Number(second.slice(0, 8) + second.slice(9, 15))).toBeGreaterThan(
    Number(first.slice(0, 8) + first.slice(9, 15)) + 5000,
  );
});

test('A region redirect is followed when the client follows them, and the file is sent again', async () => {
  const redirect = answer(301, { 'x-amz-bucket-region': 'eu-west-1' }, s3Error('PermanentRedirect'));
  const server = await scripted(redirect, store());
  const client = new S3Client({
    endpoint: server.endpoint,
    credentials,
    region: 'us-east-1',
    followRegionRedirects: true,
  });
  const stored = await s3Put('', { client }).put(await temporaryFile(content), 'key');
  client.destroy();
  expect(stored.attempts).toBe(2);
  expect(server.received[1]?.headers.authorization).toContain('/eu-west-1/s3/');
  expect(server.received[1]?.body.equals(content)).toBe(true);
});

test('When every attempt fails the error holds the history of them all', async () => {
  const server = await scripted(
    resetAfter(0),
    answer(502, { server: 'nginx' }),
    answer(503, {}, s3Error('SlowDown')),
  );
  const error = await failureOf(s3Put(server.endpoint).put(await temporaryFile('small'), 'key'));
  expect(error.history.map(({ code, statusCode }) => [code, statusCode])).toEqual([
    ['ENETWORK', undefined],
    ['EPROXY', 502],
    ['ES3', 503],
  ]);
  expect(error.message).toContain('SlowDown');
  expect(error.message).toContain('after 3 attempts');
});

test('What will not pass by itself is not tried again', async () => {
  const server = await scripted(answer(403, {}, s3Error('AccessDenied')));
  const error = await failureOf(s3Put(server.endpoint).put(await temporaryFile('small'), 'key'));
  expect(error).toMatchObject({ retryable: false, history: [{ statusCode: 403 }] });
  expect(server.received).toHaveLength(1);
});
