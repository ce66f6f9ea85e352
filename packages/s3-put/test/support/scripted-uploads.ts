import { createHash } from 'node:crypto';
import { answerAfterBody, scripted, store } from './scripted-server.ts';
import type { Received, Scene, ScriptedServer } from './scripted-server.ts';

/** A scene for each request of an upload in parts; what is not given goes well. */
export interface UploadScenes {
  create?: Scene;
  part?: Scene;
  list?: Scene;
  complete?: Scene;
  abort?: Scene;
  head?: Scene;
}

type Step = keyof UploadScenes;

export interface ScriptedUploads extends ScriptedServer {
  count(step: Step): number;
  of(step: Step): Received[];
}

/** A server that knows one upload, and what it is asked for. */
export async function scriptedUploads(scenes: UploadScenes): Promise<ScriptedUploads> {
  const steps: Step[] = [];
  const all: Required<UploadScenes> = {
    create: created(),
    part: store(),
    list: answerAfterBody(200, {}, '<ListPartsResult><IsTruncated>false</IsTruncated></ListPartsResult>'),
    complete: completed(),
    abort: answerAfterBody(204, {}),
    head: answerAfterBody(404, { 'x-amz-request-id': 'REQUEST' }),
    ...scenes,
  };
  const server = await scripted((request, response, received) => {
    const step = stepOf(request.method, request.url);
    steps.push(step);
    return all[step](request, response, received);
  });
  const of = (step: Step): Received[] => server.received.filter((_, index) => steps[index] === step);
  return { ...server, of, count: (step) => of(step).length };
}

function stepOf(method = '', url = ''): Step {
  if (method === 'POST') return url.includes('uploads') ? 'create' : 'complete';
  const steps: Record<string, Step> = { PUT: 'part', GET: 'list', DELETE: 'abort', HEAD: 'head' };
  return steps[method] as Step;
}

/** Begins the upload `ID`, with what `answer` adds. */
export const created = (answer: Record<string, string> = {}): Scene =>
  answerAfterBody(
    200,
    answer,
    '<InitiateMultipartUploadResult><UploadId>ID</UploadId></InitiateMultipartUploadResult>',
  );

/** Answers with the ETag that the parts make. @param elements further XML of the answer */
export const completed =
  (elements = ''): Scene =>
  async (request, response, received) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    received.body = Buffer.concat(chunks);
    response
      .writeHead(200)
      .end(
        `<CompleteMultipartUploadResult><ETag>${etagOf(received)}</ETag>${elements}</CompleteMultipartUploadResult>`,
      );
  };

/** That of the object which this completes. */
export function etagOf({ body }: Received): string {
  const etags = Array.from(body.toString().matchAll(/<ETag>(?:"|&quot;)(\w+)/g), ([, etag = '']) => etag);
  const md5 = createHash('md5').update(Buffer.from(etags.join(''), 'hex'));
  return `"${md5.digest('hex')}-${etags.length}"`;
}
