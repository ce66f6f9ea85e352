import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createS3Local } from '@silly-face/s3-local';
import type { S3Local } from '@silly-face/s3-local';
import { bringCeph, startCeph } from '@silly-face/testing';
import type { Ceph } from '@silly-face/testing';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import { asked } from './support/asked.ts';
import type { Asked } from './support/asked.ts';
import { questions } from './support/questions.ts';
import { credentials } from './support/server.ts';

let missing: string | undefined;
let directory: string;
let s3: S3Local;
let ceph: Ceph;
let servers: { s3Local: Asked; radosgw: Asked };
beforeAll(async () => {
  missing = await bringCeph();
  if (missing) return;
  directory = await mkdtemp(join(tmpdir(), 's3-local-test-'));
  s3 = await createS3Local({ directory, credentials });
  ceph = await startCeph();
  servers = { s3Local: await asked({ endpoint: s3.endpoint, credentials }), radosgw: await asked(ceph) };
}, 300_000);
beforeEach((context) => {
  if (missing) context.skip(missing);
});
afterAll(async () => {
  if (missing) return;
  for (const server of Object.values(servers)) server.close();
  await s3.close();
  await ceph.stop();
  await rm(directory, { recursive: true });
});

test.each(questions)(
  's3-local answers as S3 does, whatever radosgw does: %s',
  async (_, ask, answer, radosgw = answer) => {
    expect({ s3Local: await ask(servers.s3Local), radosgw: await ask(servers.radosgw) }).toEqual({
      s3Local: answer,
      radosgw,
    });
  },
);
