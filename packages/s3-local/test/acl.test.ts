import { GetObjectAclCommand, PutObjectAclCommand, PutObjectCommand } from '@aws-sdk/client-s3';
import type { ObjectCannedACL } from '@aws-sdk/client-s3';
import { expect, test } from 'vitest';
import { codeOf, send, sendSigned } from './support/raw.ts';
import { bucket, startClient, startServer } from './support/server.ts';

const target = { Bucket: bucket, Key: 'k' };
const path = `/${bucket}/k`;

test.each<[ObjectCannedACL, string[]]>([
  ['private', []],
  ['public-read', ['AllUsers READ']],
  ['public-read-write', ['AllUsers READ', 'AllUsers WRITE']],
  ['authenticated-read', ['AuthenticatedUsers READ']],
  ['aws-exec-read', []],
  ['bucket-owner-read', []],
  ['bucket-owner-full-control', []],
])('%s is stored, and says whom it would grant what', async (ACL, expected) => {
  const client = startClient(await startServer());
  await client.send(new PutObjectCommand({ ...target, Body: 'x', ACL }));
  const { Owner, Grants = [] } = await client.send(new GetObjectAclCommand(target));
  expect(Owner?.ID).toBe('AKIDLOCAL');
  expect(Grants[0]).toMatchObject({
    Grantee: { Type: 'CanonicalUser', ID: 'AKIDLOCAL' },
    Permission: 'FULL_CONTROL',
  });
  const others = Grants.slice(1).map(
    ({ Grantee, Permission }) => `${Grantee?.URI?.split('/').at(-1)} ${Permission}`,
  );
  expect(others).toEqual(expected);
});

test('an ACL is replaced later, and opens nothing to those who do not sign', async () => {
  const { port, ...server } = await startServer();
  const client = startClient(server);
  await client.send(new PutObjectCommand({ ...target, Body: 'x' }));
  await client.send(new PutObjectAclCommand({ ...target, ACL: 'public-read' }));
  expect((await client.send(new GetObjectAclCommand(target))).Grants).toHaveLength(2);
  const anonymous = await send({ port, method: 'GET', path, headers: { host: 'localhost' } });
  expect([anonymous.status, codeOf(anonymous)]).toEqual([403, 'AccessDenied']);
});

test('ACLs that are none, and grants by name, are refused', async () => {
  const { port } = await startServer();
  const put = async (headers: Record<string, string>, to = path, body = 'x') =>
    codeOf(await sendSigned(port, { method: 'PUT', path: to, headers, body }));
  expect(await put({ 'x-amz-acl': 'everybody' })).toBe('InvalidArgument');
  expect(await put({ 'x-amz-grant-read': 'id=1' })).toBe('NotImplemented');
  expect(await put({ 'x-amz-acl': 'public-read' }, '/another', '')).toBe('NotImplemented');
  expect(await put({}, `${path}?acl=`, '<AccessControlPolicy/>')).toBe('NotImplemented');
});
