import { quoted } from '../answer.ts';
import type { Answer } from '../answer.ts';
import { PromisedDigests } from '../body/promised-digests.ts';
import { missingField, verifyFormSignature } from '../form/form-signature.ts';
import type { FormFields } from '../form/form-fields.ts';
import { parsePolicy, verifyPolicy } from '../form/policy.ts';
import type { Policy } from '../form/policy.ts';
import { readForm } from '../form/read-form.ts';
import type { Form, FormFile } from '../form/read-form.ts';
import { S3Error } from '../s3-error.ts';
import type { S3Request } from '../request.ts';
import type { ObjectWriter } from '../store/object-file.ts';
import { verifyHeader } from '../valid-header.ts';
import { writePlainXml } from '../xml.ts';
import { encryptionHeaders, etagOf } from './encryption.ts';
import { verifyKey } from './key.ts';
import { checksumHeaders } from './object-headers.ts';
import { readTraits } from './object-traits.ts';
import { bucketOf } from './operation.ts';
import type { Call, Operation } from './operation.ts';
import { maximumBytes, verifySize } from './put-object.ts';
import { parseTagging } from './tags.ts';
import { refuseUnsupported } from './unsupported.ts';

/** An upload from a form in a browser: what would be headers are fields, and the signature is made over a policy. */
export const postObject: Operation = {
  name: 'PostObject',
  signedByForm: true,
  digestsDescribeBody: false,
  async run(call) {
    const { request, body } = call;
    const contentType = request.headers.get('content-type') ?? '';
    if (!/^multipart\/form-data(?:;|$)/i.test(contentType)) {
      throw new S3Error('PreconditionFailed', {
        details: { Condition: 'Bucket POST must be of the enclosure-type multipart/form-data' },
      });
    }
    if (body.declaredBytes === undefined) throw new S3Error('MissingContentLength');
    return readForm(body, contentType, (form) => store(call, form));
  },
};

async function store(call: Call, { fields, file }: Form): Promise<Answer> {
  const key = expandedKey(fields, file);
  const policy = parsePolicy(verifyFormSignature(fields, call.settings));
  verifyPolicy(policy, fields, call.request.bucket ?? '', Date.now());
  verifyKey(key);
  const request = asHeaders(call.request, fields);
  refuseUnsupported(request);
  const tagging = fields.get('tagging');
  const traits = { ...readTraits(request), ...(tagging !== undefined && { tags: parseTagging(tagging) }) };
  const digests = new PromisedDigests(request.headers, 'UNSIGNED-PAYLOAD');
  const bucket = await bucketOf(call);

  return call.store.writing(async (writer) => {
    const bytes = await receive(file, policy, digests, writer);
    const { md5, checksum } = digests.finish();
    await file.end();
    const stored = checksum && ({ ...checksum, type: 'FULL_OBJECT' } as const);
    const etag = etagOf(md5, traits.encryption);
    const record = {
      ...traits,
      key,
      bytes,
      etag,
      lastModifiedMs: Date.now(),
      ...(stored && { checksum: stored }),
    };
    await bucket.publish(record, writer, { ifMatch: undefined, ifNoneMatch: undefined });
    const location = `${request.bucketUrl}/${encodeURIComponent(key)}`;
    const answer = success(fields, { bucket: bucket.name, key, etag: quoted(etag), location });
    return {
      ...answer,
      headers: {
        etag: quoted(etag),
        location,
        ...checksumHeaders(stored),
        ...encryptionHeaders(traits.encryption),
        ...answer.headers,
      },
    };
  });
}

/** Puts the name of the file into the key, before the policy is asked about it. */
function expandedKey(fields: FormFields, { name }: FormFile): string {
  const key = fields.get('key');
  if (key === undefined) throw missingField('key');
  if (name === undefined) return key;
  // As a function: a name may hold what has a meaning in replacements.
  const expanded = key.replaceAll('${filename}', () => name);
  fields.set('key', expanded);
  return expanded;
}

/** The request as it would be if the fields were headers; those of the form itself say nothing about the object. */
function asHeaders(request: S3Request, fields: FormFields): S3Request {
  const headers = new Map([...fields.asHeaders()].filter(([name]) => isHeader(name)));
  for (const [name, value] of headers) verifyHeader(name, value);
  const acl = fields.get('acl');
  if (acl !== undefined) headers.set('x-amz-acl', acl);
  return { ...request, headers };
}

function isHeader(name: string): boolean {
  return /^(?:x-amz-|content-)/.test(name) || name === 'cache-control' || name === 'expires';
}

async function receive(
  { bytes: pieces }: FormFile,
  { leastBytes, mostBytes }: Policy,
  digests: PromisedDigests,
  writer: ObjectWriter,
): Promise<number> {
  let bytes = 0;
  for await (const piece of pieces) {
    bytes += piece.length;
    verifySize(bytes, Math.min(mostBytes, maximumBytes));
    digests.update(piece);
    await writer.write(piece);
  }
  if (bytes >= leastBytes) return bytes;
  throw new S3Error('EntityTooSmall', {
    details: { ProposedSize: String(bytes), MinSizeAllowed: String(leastBytes) },
  });
}

interface Stored {
  readonly bucket: string;
  readonly key: string;
  /** In quotes. */
  readonly etag: string;
  readonly location: string;
}

function success(fields: FormFields, { bucket, key, etag, location }: Stored): Answer {
  const redirect = redirectUrl(fields.get('success_action_redirect') ?? fields.get('redirect'));
  if (redirect) {
    for (const [name, value] of Object.entries({ bucket, key, etag }))
      redirect.searchParams.append(name, value);
    return { status: 303, headers: { location: redirect.href } };
  }
  const status = fields.get('success_action_status');
  if (status === '200') return { status: 200 };
  if (status !== '201') return { status: 204 };
  return {
    status: 201,
    headers: { 'content-type': 'application/xml' },
    body: writePlainXml('PostResponse', { Location: location, Bucket: bucket, Key: key, ETag: etag }),
  };
}

/** What is no absolute address is ignored. */
function redirectUrl(text: string | undefined): URL | undefined {
  return text !== undefined && /^https?:/i.test(text) && URL.canParse(text) ? new URL(text) : undefined;
}
