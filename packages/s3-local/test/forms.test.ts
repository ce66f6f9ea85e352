import { createHash, randomBytes } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import { connect } from 'node:net';
import { crc32 } from 'node:zlib';
import { GetObjectCommand, HeadObjectCommand } from '@aws-sdk/client-s3';
import { createPresignedPost } from '@aws-sdk/s3-presigned-post';
import { openDescriptors, waitUntil } from '@silly-face/testing';
import { expect, test } from 'vitest';
import { multipart, postBody, postForm } from './support/form.ts';
import type { FormAnswer, FormToPost } from './support/form.ts';
import { sendSigned } from './support/raw.ts';
import { bucket, startClient, startServer } from './support/server.ts';

const said = ({ status, body }: FormAnswer): unknown[] => [
  status,
  /<Code>(.*?)<\/Code>/.exec(body)?.[1],
  /<Message>(.*?)<\/Message>/.exec(body)?.[1]?.replaceAll('&quot;', '"'),
];
const md5 = (data: string | Buffer): string => createHash('md5').update(data).digest('hex');

test('a form that the SDK has signed is taken, with its type and its metadata', async () => {
  const { port, ...server } = await startServer();
  const client = startClient(server);
  const { url, fields } = await createPresignedPost(client, {
    Bucket: bucket,
    Key: 'uploads/${filename}',
    Conditions: [
      ['content-length-range', 1, 20_000_000],
      ['starts-with', '$Content-Type', 'image/'],
    ],
    Fields: { 'x-amz-meta-colour': 'grün', 'Content-Type': 'image/png', acl: 'private' },
  });
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  const bytes = randomBytes(10_000_000);
  form.append('file', new Blob([bytes]), 'die Küche.png');
  const answer = await fetch(url, { method: 'POST', body: form });
  expect([answer.status, await answer.text()]).toEqual([204, '']);
  expect(answer.headers.get('etag')).toBe(`"${md5(bytes)}"`);
  expect(answer.headers.get('location')).toBe(
    `http://127.0.0.1:${port}/${bucket}/uploads%2Fdie%20K%C3%BCche.png`,
  );
  const got = await client.send(new GetObjectCommand({ Bucket: bucket, Key: 'uploads/die Küche.png' }));
  expect(got).toMatchObject({ ContentType: 'image/png', ETag: `"${md5(bytes)}"` });
  expect(Buffer.from(got.Metadata?.['colour'] ?? '', 'latin1').toString()).toBe('grün');
  expect(bytes.equals((await got.Body?.transformToByteArray()) ?? new Uint8Array())).toBe(true);
});

test('success is answered as the form has it', async () => {
  const { port } = await startServer();
  const conditions = [
    ['starts-with', '$success_action_status', ''],
    ['starts-with', '$success_action_redirect', ''],
  ];
  const status = (value: string) =>
    postForm({ port, conditions: conditions.slice(0, 1), fields: { success_action_status: value } });
  expect(await status('200')).toMatchObject({ status: 200, body: '' });
  expect(await status('204')).toMatchObject({ status: 204, body: '' });
  expect(await status('404')).toMatchObject({ status: 204, body: '' });
  const created = await status('201');
  expect(created.status).toBe(201);
  expect(created.body).toBe(
    '<?xml version="1.0" encoding="UTF-8"?>\n<PostResponse>' +
      `<Location>http://127.0.0.1:${port}/${bucket}/k</Location><Bucket>${bucket}</Bucket><Key>k</Key>` +
      `<ETag>&quot;${md5('the file')}&quot;</ETag></PostResponse>`,
  );
  const redirect = (to: string) =>
    postForm({ port, conditions: conditions.slice(1), fields: { success_action_redirect: to } });
  const redirected = await redirect('https://example.org/done?a=b');
  expect(redirected.status).toBe(303);
  expect(redirected.headers.get('location')).toBe(
    `https://example.org/done?a=b&bucket=${bucket}&key=k&etag=%22${md5('the file')}%22`,
  );
  expect((await redirect('/relative')).status).toBe(204);
});

test.each<[string, Partial<FormToPost>, unknown[]]>([
  ['another secret', { secret: 'wrong' }, [403, 'SignatureDoesNotMatch']],
  ['another key', { fields: { 'x-amz-credential': 'AKIDOTHER/20260101/us-east-1/s3/aws4_request' } }, [400]],
  [
    'another region',
    { region: 'eu-west-1' },
    [400, 'InvalidArgument', "the region 'eu-west-1' is wrong; expecting 'us-east-1'"],
  ],
  ['no policy', { fields: { policy: undefined } }, [403, 'AccessDenied', 'Access Denied']],
  [
    'no signature',
    { fields: { 'x-amz-signature': undefined } },
    [
      400,
      'InvalidArgument',
      "Bucket POST must contain a field named 'X-Amz-Signature'.  If it is specified, please check the order of the fields.",
    ],
  ],
  [
    'no key',
    { fields: { key: undefined }, after: { key: 'too late' } },
    [
      400,
      'InvalidArgument',
      "Bucket POST must contain a field named 'key'.  If it is specified, please check the order of the fields.",
    ],
  ],
  [
    'a policy that has expired',
    { expiresAt: new Date(Date.now() - 1000) },
    [403, 'AccessDenied', 'Invalid according to Policy: Policy expired.'],
  ],
  [
    'another bucket in the policy',
    { conditions: [{ bucket: 'other' }] },
    [403, 'AccessDenied', 'Invalid according to Policy: Policy Condition failed: ["eq", "$bucket", "other"]'],
  ],
  [
    'a key that the policy does not have',
    { conditions: [['starts-with', '$key', 'mine/']] },
    [
      403,
      'AccessDenied',
      'Invalid according to Policy: Policy Condition failed: ["starts-with", "$key", "mine/"]',
    ],
  ],
  [
    'a field that is missing',
    { conditions: [['starts-with', '$x-amz-meta-a', '']] },
    [
      403,
      'AccessDenied',
      'Invalid according to Policy: Policy Condition failed: ["starts-with", "$x-amz-meta-a", ""]',
    ],
  ],
  [
    'a field that no condition names',
    { fields: { 'X-Amz-Meta-Extra': '1' } },
    [403, 'AccessDenied', 'Invalid according to Policy: Extra input fields: X-Amz-Meta-Extra'],
  ],
  [
    'one of several types that does not fit',
    {
      conditions: [['starts-with', '$Content-Type', 'image/']],
      fields: { 'Content-Type': 'image/png, text/html' },
    },
    [403, 'AccessDenied'],
  ],
  ['no JSON', { policy: 'not json' }, [400, 'InvalidPolicyDocument', 'Invalid Policy: Invalid JSON.']],
  ['no conditions', { policy: { expiration: '2100-01-01T00:00:00Z' } }, [400, 'InvalidPolicyDocument']],
  ['no expiration', { policy: { conditions: [] } }, [400, 'InvalidPolicyDocument']],
  [
    'an expiration that is none',
    { policy: { expiration: '2100-01-01 00:00', conditions: [] } },
    [400, 'InvalidPolicyDocument', "Invalid Policy: Invalid 'expiration' value: '2100-01-01 00:00'"],
  ],
  ['an empty condition', { conditions: [{}] }, [400, 'InvalidPolicyDocument']],
  [
    'a condition of an unknown kind',
    { conditions: [['ends-with', '$key', 'x']] },
    [400, 'InvalidPolicyDocument'],
  ],
  ['a number as a condition', { conditions: [{ 'x-amz-meta-a': 1 }] }, [400, 'InvalidPolicyDocument']],
  ['half a range', { conditions: [['content-length-range', 0]] }, [400, 'InvalidPolicyDocument']],
  ['a negative range', { conditions: [['content-length-range', -1, 5]] }, [400, 'InvalidPolicyDocument']],
  ['too large a file', { conditions: [['content-length-range', 0, 7]] }, [400, 'EntityTooLarge']],
  ['too small a file', { conditions: [['content-length-range', '9', '20']] }, [400, 'EntityTooSmall']],
  ['a key that is too long', { fields: { key: 'k'.repeat(1025) } }, [400, 'KeyTooLongError']],
  [
    'fields that are too long',
    { conditions: [['starts-with', '$x-amz-meta-a', '']], fields: { 'x-amz-meta-a': 'x'.repeat(21_000) } },
    [400, 'MaxPostPreDataLengthExceeded'],
  ],
  [
    'a wrong checksum',
    {
      conditions: [['starts-with', '$x-amz-checksum-crc32', '']],
      fields: { 'x-amz-checksum-crc32': 'AAAAAA==' },
    },
    [400, 'BadDigest'],
  ],
  ['a bucket that is missing', { path: '/no-such-bucket', conditions: [] }, [403, 'AccessDenied']],
])('%s is refused, and nothing is stored', async (_, form, expected) => {
  const { port, directory } = await startServer();
  const answer = await postForm({ port, ...form });
  expect(said(answer).slice(0, expected.length)).toEqual(expected);
  expect((await sendSigned(port, { method: 'HEAD', path: `/${bucket}/k` })).status).toBe(404);
  const [own] = await readdir(`${directory}/temporary`);
  await waitUntil(async () => (await readdir(`${directory}/temporary/${own}`)).length === 0, {
    what: 'all temporary files to be gone',
  });
});

test('names of fields and conditions are compared without case, values with it', async () => {
  const { port } = await startServer();
  const fields = {
    key: undefined,
    kEy: 'Here',
    'X-Amz-Meta-Colour': 'Green',
    aCl: 'private',
    'x-ignore-me too': '1\r\n2',
  };
  const fitting = [{ AcL: 'private' }, ['StArTs-WiTh', '$KeY', 'He'], ['eq', '$x-amz-META-colour', 'Green']];
  expect((await postForm({ port, fields, conditions: fitting })).status).toBe(204);
  const head = await sendSigned(port, { method: 'HEAD', path: `/${bucket}/Here` });
  expect(head.headers).toMatchObject({
    'x-amz-meta-colour': 'Green',
    // The type that the browser says the file has is not asked about.
    'content-type': 'binary/octet-stream',
  });
  const answer = await postForm({ port, fields, conditions: [...fitting, ['eq', '$key', 'here']] });
  expect(answer.status).toBe(403);
});

test.each([
  ['C:\\fakepath\\cat.png', 'in/cat.png'],
  ['../../etc/passwd', 'in/passwd'],
  ['$&.png', 'in/$&.png'],
  ['', 'in/'],
  [null, 'in/${filename}'],
])('a file named %j is stored as %j', async (fileName, key) => {
  const server = await startServer();
  const form = { port: server.port, fields: { key: 'in/${filename}' }, fileName };
  expect((await postForm(form)).status).toBe(204);
  await startClient(server).send(new HeadObjectCommand({ Bucket: bucket, Key: key }));
});

test('a checksum is verified and kept', async () => {
  const { port, ...server } = await startServer();
  const value = Buffer.alloc(4);
  value.writeUInt32BE(crc32('the file'));
  const ChecksumCRC32 = value.toString('base64');
  const answer = await postForm({
    port,
    conditions: [['starts-with', '$x-amz-checksum-crc32', '']],
    fields: { 'x-amz-checksum-crc32': ChecksumCRC32 },
  });
  expect([answer.status, answer.headers.get('x-amz-checksum-crc32')]).toEqual([204, ChecksumCRC32]);
  const head = new HeadObjectCommand({ Bucket: bucket, Key: 'k', ChecksumMode: 'ENABLED' });
  expect(await startClient(server).send(head)).toMatchObject({ ChecksumCRC32 });
});

test('what is no form, or none with one file, is refused', async () => {
  const { port, directory } = await startServer();
  const form = multipart({ port });
  const text = form.toString();
  const bodies: [Buffer, string | undefined, unknown[]][] = [
    [form, 'text/html', [412, 'PreconditionFailed']],
    [form, 'multipart/form-data', [400, 'MalformedPOSTRequest']],
    [form.subarray(0, -30), undefined, [400, 'MalformedPOSTRequest']],
    [Buffer.from('nonsense'), undefined, [400, 'MalformedPOSTRequest']],
    [Buffer.from(text.replace('name="file"', 'name="elif"')), undefined, [400, 'InvalidArgument']],
    [Buffer.concat([form.subarray(0, -30), form]), undefined, [400]],
    [Buffer.from(''), undefined, [400]],
  ];
  for (const [body, type, expected] of bodies) {
    const answer = await postBody({ port }, body, type);
    expect(said(answer).slice(0, expected.length)).toEqual(expected);
  }
  expect((await sendSigned(port, { method: 'HEAD', path: `/${bucket}/k` })).status).toBe(404);
  const [own] = await readdir(`${directory}/temporary`);
  expect(await readdir(`${directory}/temporary/${own}`)).toEqual([]);
});

test('browsers that leave in the middle of a form leave nothing behind', async () => {
  const { port, directory } = await startServer();
  const before = openDescriptors();
  const form = multipart({ port, file: randomBytes(2_000_000) });
  for (const bytes of [0, 100, 1_200, 400_000, 1_500_000]) {
    const socket = connect({ port, host: '127.0.0.1' });
    socket.on('error', () => {});
    const type = 'multipart/form-data; boundary=boundary-of-the-form';
    const head = `POST /${bucket} HTTP/1.1\r\nhost: h\r\ncontent-type: ${type}\r\ncontent-length: ${form.length}\r\n\r\n`;
    await new Promise((resolve) =>
      socket.write(Buffer.concat([Buffer.from(head), form.subarray(0, bytes)]), resolve),
    );
    socket.destroy();
  }
  await waitUntil(() => openDescriptors() <= before, { what: 'all descriptors to be closed again' });
  await waitUntil(async () => (await readdir(`${directory}/temporary`, { recursive: true })).length === 1, {
    what: 'all temporary files to be gone',
  });
  expect((await sendSigned(port, { method: 'GET', path: `/${bucket}/k` })).status).toBe(404);
});
