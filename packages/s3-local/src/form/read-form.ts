import type { Readable } from 'node:stream';
import { ClientGone } from '../body/incoming.ts';
import type { RequestBody } from '../body/request-body.ts';
import { S3Error } from '../s3-error.ts';
import { FormFields } from './form-fields.ts';

/** A form up to its file: S3 ignores whatever comes behind that. */
export interface Form {
  readonly fields: FormFields;
  readonly file: FormFile;
}

export interface FormFile {
  /** As the browser has it, without its path; not given by everybody. */
  readonly name: string | undefined;
  readonly bytes: AsyncIterable<Buffer>;
  /** Resolves once everything behind the file has been read and was well-formed. */
  readonly end: () => Promise<void>;
}

/** For everything but the file, with the lines around it. */
const maximumFieldBytes = 20_480;

/** Reads `multipart/form-data` as it arrives, and hands on its fields with its file, which has yet to be read. */
export async function readForm<Result>(
  body: RequestBody,
  contentType: string,
  use: (form: Form) => Promise<Result>,
): Promise<Result> {
  const parser = await startParser(contentType);
  const fields = new FormFields();
  let file: { readonly stream: Readable; readonly name: string | undefined } | undefined;
  let files = 0;
  parser.on('field', (name, value) => {
    if (!file) fields.add(name, value);
  });
  const fileFound = new Promise<void>((resolve) => {
    parser.on('file', (_, stream, name: string | undefined) => {
      files += 1;
      // Its failures are told to whoever reads it, if anybody does.
      stream.on('error', () => {});
      if (file) stream.resume();
      else file = { stream, name };
      resolve();
    });
  });

  // The parser forgets the callback of a write that fails.
  let failure: S3Error | undefined;
  let fail: (error: S3Error) => void = () => {};
  parser.on('error', (cause) => fail((failure = new S3Error('MalformedPOSTRequest', { cause }))));
  const parsing = (start: (done: () => void) => void): Promise<void> =>
    new Promise((resolve, reject) => {
      fail = reject;
      if (failure) reject(failure);
      else start(resolve);
    });
  const write = (piece: Buffer): Promise<void> => parsing((done) => parser.write(piece, done));

  let fieldBytesLeft = maximumFieldBytes;
  async function take(piece: Buffer): Promise<void> {
    if (file) return write(piece);
    const [start, rest] = [piece.subarray(0, fieldBytesLeft), piece.subarray(fieldBytesLeft)];
    fieldBytesLeft -= start.length;
    // Where the file begins, the write ends only once that has been read.
    await Promise.race([write(start), fileFound]);
    if (rest.length === 0) return;
    if (files > 0) return write(rest);
    throw new S3Error('MaxPostPreDataLengthExceeded', {
      details: { MaxPostPreDataLengthBytes: String(maximumFieldBytes) },
    });
  }

  async function read(): Promise<void> {
    await body.receive(take);
    await parsing((done) => parser.once('finish', done).end());
    if (files !== 1) throw wrongFiles(files);
  }

  const reading = read();
  reading.catch((error: Error) => file?.stream.destroy(error));
  try {
    await Promise.race([fileFound, reading]);
    if (!file) throw wrongFiles(0);
    const { stream, name } = file;
    return await use({ fields, file: { name, bytes: bytesOf(stream), end: () => reading } });
  } finally {
    file?.stream.destroy();
    parser.destroy();
  }
}

async function* bytesOf(stream: Readable): AsyncGenerator<Buffer, void> {
  try {
    for await (const piece of stream) yield piece as Buffer;
  } catch (cause) {
    if (cause instanceof S3Error || cause instanceof ClientGone) throw cause;
    throw new S3Error('MalformedPOSTRequest', { cause });
  }
}

function wrongFiles(count: number): S3Error {
  return new S3Error('InvalidArgument', {
    message: 'POST requires exactly one file upload per request.',
    details: { ArgumentName: 'file', ArgumentValue: String(count) },
  });
}

/** Forms are rare: nothing of them is loaded before the first one comes. */
async function startParser(contentType: string) {
  const { Busboy } = await import('@fastify/busboy');
  try {
    return new Busboy({
      headers: { 'content-type': contentType },
      isPartAFile: (name) => name?.toLowerCase() === 'file',
      fileHwm: 256 * 1024,
    });
  } catch (cause) {
    throw new S3Error('MalformedPOSTRequest', { cause });
  }
}
