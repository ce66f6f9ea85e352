import { createHmac } from 'node:crypto';
import { credentials, bucket } from './server.ts';

// A form by hand: what the SDK never sends has to be posted, too.

export interface FormToPost {
  readonly port: number;
  readonly fields?: Readonly<Record<string, string | undefined>>;
  readonly conditions?: readonly unknown[];
  /** The whole document, or its text, instead of the conditions. */
  readonly policy?: unknown;
  readonly file?: string | Buffer;
  /** `null` leaves it out. */
  readonly fileName?: string | null;
  readonly after?: Readonly<Record<string, string>>;
  readonly expiresAt?: Date;
  readonly secret?: string;
  readonly region?: string;
  readonly path?: string;
}

export interface FormAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: string;
}

const boundary = 'boundary-of-the-form';

export async function postForm(form: FormToPost): Promise<FormAnswer> {
  return postBody(form, multipart(form));
}

export async function postBody(
  { port, path = `/${bucket}` }: Pick<FormToPost, 'port' | 'path'>,
  body: Buffer,
  contentType = `multipart/form-data; boundary=${boundary}`,
): Promise<FormAnswer> {
  const headers = { 'content-type': contentType };
  const url = `http://127.0.0.1:${port}${path}`;
  const answer = await fetch(url, {
    method: 'POST',
    headers,
    body: new Uint8Array(body),
    redirect: 'manual',
  });
  return { status: answer.status, headers: answer.headers, body: await answer.text() };
}

export function multipart({
  file = 'the file',
  fileName = 'cat.txt',
  after = {},
  ...form
}: FormToPost): Buffer {
  const name = fileName === null ? '' : `; filename="${fileName}"`;
  return Buffer.concat([
    ...Object.entries(signedFields(form)).map(([field, value]) => asField(field, value)),
    Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="file"${name}\r\n`),
    Buffer.from('Content-Type: image/x-of-the-part\r\n\r\n'),
    Buffer.from(file),
    Buffer.from('\r\n'),
    ...Object.entries(after).map(([field, value]) => asField(field, value)),
    Buffer.from(`--${boundary}--\r\n`),
  ]);
}

function asField(name: string, value: string): Buffer {
  return Buffer.from(`--${boundary}\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`);
}

/** `undefined` takes a field away again. */
function signedFields(form: FormToPost): Record<string, string> {
  const { fields = {}, conditions = [], region = 'us-east-1', secret = credentials.secretAccessKey } = form;
  const { expiresAt = new Date(Date.now() + 60_000) } = form;
  const timestamp = new Date().toISOString().replaceAll(/[:-]|\.\d{3}/g, '');
  const scope = [timestamp.slice(0, 8), region, 's3', 'aws4_request'];
  const signing = {
    'x-amz-algorithm': 'AWS4-HMAC-SHA256',
    'x-amz-credential': [credentials.accessKeyId, ...scope].join('/'),
    'x-amz-date': timestamp,
  };
  const document = form.policy ?? {
    expiration: expiresAt.toISOString(),
    conditions: [
      { bucket },
      ...Object.entries(signing).map(([name, value]) => ({ [name]: value })),
      ['starts-with', '$key', ''],
      ...conditions,
    ],
  };
  const text = typeof document === 'string' ? document : JSON.stringify(document);
  const policy = Buffer.from(text).toString('base64');
  let key: Buffer = Buffer.from(`AWS4${secret}`);
  for (const part of scope) key = createHmac('sha256', key).update(part).digest();
  const signature = createHmac('sha256', key).update(policy).digest('hex');
  const all = { key: 'k', ...signing, policy, 'x-amz-signature': signature, ...fields };
  return Object.fromEntries(
    Object.entries(all).flatMap(([name, value]) => (value === undefined ? [] : [[name, value]])),
  );
}
