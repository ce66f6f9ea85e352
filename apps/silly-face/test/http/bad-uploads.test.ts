import { connect } from 'node:net';
import { randomUUID } from 'node:crypto';
import { afterAll, describe, expect, it } from 'vitest';
import { waitUntil } from '@silly-face/testing';
import { draw } from './drawing.ts';
import { type Answer, ask, form } from './client.ts';
import { type Refusal, testRefusals } from './refusals.ts';
import { filesIn } from './rig.ts';
import { startRounds } from './rounds.ts';

const { rig, anna, bert, carla, submitting, guessing, photo } = await startRounds();
afterAll(() => rig[Symbol.asyncDispose]());

const MIB = 1024 * 1024;
const submissions = (): string => `/rounds/${submitting}/submissions`;
const send = (fields: Record<string, string | Blob>): Promise<Answer> =>
  anna.post(submissions(), undefined, { body: form(fields) });
/** A JPEG as far as its first bytes tell. */
const blob = (bytes: number): Blob => {
  const content = Buffer.alloc(bytes, 7);
  content.set([0xff, 0xd8, 0xff]);
  return new Blob([content]);
};

const refusals: Refusal[] = [
  ["a stranger's submission", 403, 'not-your-round', () => carla.submit(submitting, 'Smug Cat', photo)],
  ['a submission out of turn', 409, 'out-of-turn', () => bert.submit(submitting, 'Smug Cat', photo)],
  [
    'a submission while the other guesses',
    409,
    'out-of-turn',
    () => carla.submit(guessing, 'Smug Cat', photo),
  ],
  ['a submission to no round', 404, 'round-not-found', () => anna.submit(randomUUID(), 'Smug Cat', photo)],
  [
    'a submission without a session',
    401,
    'not-logged-in',
    () => ask(rig.url, 'POST', submissions(), { body: form({ face: 'Smug Cat', photo }) }),
  ],
  ['a face outside the catalogue', 422, 'unknown-face', () => send({ face: 'My Own Face', photo })],
  [
    'a submission as JSON',
    415,
    'unsupported-media-type',
    () => anna.post(submissions(), { face: 'Smug Cat' }),
  ],
  ['a submission without a body', 415, 'unsupported-media-type', () => anna.post(submissions(), undefined)],
  ['a submission without a face', 400, 'field-missing', () => send({ photo })],
  ['a submission without a photo', 400, 'field-missing', () => send({ face: 'Smug Cat' })],
  ['a photo that is a mere field', 400, 'field-unexpected', () => send({ face: 'Smug Cat', photo: 'me' })],
  ['a face that is a file', 400, 'field-unexpected', () => send({ face: photo, photo })],
  [
    'a field that nobody knows, in a form',
    400,
    'field-unexpected',
    () => send({ face: 'Smug Cat', photo, monocles: '100' }),
  ],
  ['a file that nobody knows', 400, 'field-unexpected', () => send({ face: 'Smug Cat', selfie: photo })],
  [
    'two faces',
    400,
    'field-repeated',
    () => {
      const data = form({ face: 'Smug Cat', photo });
      data.append('face', 'Puzzled Pug');
      return anna.post(submissions(), undefined, { body: data });
    },
  ],
  [
    'two photos',
    400,
    'field-repeated',
    () => {
      const data = form({ face: 'Smug Cat', photo });
      data.append('photo', photo);
      return anna.post(submissions(), undefined, { body: data });
    },
  ],
  [
    'a form that ends early',
    400,
    'malformed-multipart',
    () =>
      anna.post(submissions(), undefined, {
        body: '--b\r\nContent-Disposition: form-data; name="photo"; filename="x.jpg"\r\n\r\nabc',
        headers: { 'content-type': 'multipart/form-data; boundary=b' },
      }),
  ],
  [
    'a form without a boundary',
    400,
    'malformed-multipart',
    () =>
      anna.post(submissions(), undefined, { body: 'x', headers: { 'content-type': 'multipart/form-data' } }),
  ],
  [
    'a photo that is text',
    415,
    'not-an-image',
    () => send({ face: 'Smug Cat', photo: new Blob(['just words, no image']) }),
  ],
  ['an empty photo', 415, 'not-an-image', () => send({ face: 'Smug Cat', photo: new Blob([]) })],
  [
    'a photo that only begins like one',
    415,
    'not-an-image',
    () => send({ face: 'Smug Cat', photo: blob(50_000) }),
  ],
  [
    'a photo that was cut off',
    415,
    'not-an-image',
    async () => {
      const whole = await (await draw({ width: 300, height: 300 })).arrayBuffer();
      return send({ face: 'Smug Cat', photo: new Blob([whole.slice(0, whole.byteLength - 200)]) });
    },
  ],
  [
    'an image of another kind',
    415,
    'not-an-image',
    () => send({ face: 'Smug Cat', photo: new Blob(['GIF89a', Buffer.alloc(100)]) }),
  ],
  [
    'a photo that unpacks to too many pixels',
    413,
    'photo-too-many-pixels',
    async () => send({ face: 'Smug Cat', photo: await draw({ width: 9000, height: 9000, format: 'png' }) }),
  ],
  [
    'a photo that is none, just within the limit',
    415,
    'not-an-image',
    () => send({ face: 'Smug Cat', photo: blob(5 * MIB) }),
  ],
  [
    'a photo just over the limit',
    413,
    'photo-too-large',
    () => send({ face: 'Smug Cat', photo: blob(5 * MIB + 1) }),
  ],
  [
    'a photo far over the limit',
    413,
    'photo-too-large',
    () => send({ face: 'Smug Cat', photo: blob(12 * MIB) }),
  ],
];

describe('a submission is refused and changes nothing:', () => {
  testRefusals(rig, refusals);
});

describe('an upload', () => {
  it('of endless length is answered while it is still being sent, and ended', async () => {
    const socket = connect(Number(new URL(rig.url).port), '127.0.0.1');
    let answer = '';
    socket.setEncoding('latin1').on('data', (text: string) => (answer += text));
    socket.on('error', () => {}); // The server ends it while we send.
    socket.write(
      `POST ${submissions()} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${anna.token}\r\nIdempotency-Key: endless\r\n` +
        'Content-Type: multipart/form-data; boundary=b\r\nTransfer-Encoding: chunked\r\n\r\n',
    );
    const chunk = (text: string | Buffer): void => {
      socket.write(`${Buffer.byteLength(text).toString(16)}\r\n`);
      socket.write(text);
      socket.write('\r\n');
    };
    const head = '--b\r\nContent-Disposition: form-data; name="photo"; filename="x"\r\n\r\n';
    chunk(Buffer.concat([Buffer.from(head), Buffer.from([0xff, 0xd8, 0xff]), Buffer.alloc(100, 1)]));
    const more = Buffer.alloc(256 * 1024, 1);
    await waitUntil(
      () => {
        if (!socket.destroyed && socket.writableLength < MIB) chunk(more);
        return socket.destroyed;
      },
      { what: 'the server to end an upload without end', intervalMs: 1 },
    );
    expect(answer).toMatch(/^HTTP\/1\.1 413 /);
    expect(await filesIn(rig.uploadDirectory)).toEqual([]);
  });

  it('that its client gives up leaves no file and no row', async () => {
    const before = await rig.everything();
    const socket = connect(Number(new URL(rig.url).port), '127.0.0.1');
    const head = Buffer.from('--b\r\nContent-Disposition: form-data; name="photo"; filename="x"\r\n\r\n');
    socket.write(
      `POST ${submissions()} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${anna.token}\r\nIdempotency-Key: given-up\r\n` +
        'Content-Type: multipart/form-data; boundary=b\r\nContent-Length: 1000000\r\n\r\n',
    );
    socket.write(Buffer.concat([head, Buffer.from([0xff, 0xd8, 0xff]), Buffer.alloc(100_000, 1)]));
    await waitUntil(async () => (await filesIn(rig.uploadDirectory)).length > 0, {
      what: 'the upload to begin',
    });
    socket.destroy();
    await waitUntil(async () => (await filesIn(rig.uploadDirectory)).length === 0, {
      what: 'its file to go',
    });
    expect(await rig.everything()).toEqual(before);
  });
});
