import type { S3Request } from '../request.ts';
import { S3Error } from '../s3-error.ts';
import type { XmlTree } from '../xml.ts';

const everybody = 'http://acs.amazonaws.com/groups/global/AllUsers';
const everyAccount = 'http://acs.amazonaws.com/groups/global/AuthenticatedUsers';

/** The canned ACLs of objects, with what they grant besides the owner's full control. */
const canned: Readonly<Record<string, readonly { group: string; permission: string }[]>> = {
  private: [],
  'public-read': [{ group: everybody, permission: 'READ' }],
  'public-read-write': [
    { group: everybody, permission: 'READ' },
    { group: everybody, permission: 'WRITE' },
  ],
  'authenticated-read': [{ group: everyAccount, permission: 'READ' }],
  // Here the owner of the bucket is the owner of the object, and Amazon's machines are not around.
  'aws-exec-read': [],
  'bucket-owner-read': [],
  'bucket-owner-full-control': [],
};

export function readAcl({ headers }: S3Request): string {
  const acl = headers.get('x-amz-acl') ?? 'private';
  if (Object.hasOwn(canned, acl)) return acl;
  throw new S3Error('InvalidArgument', { details: { ArgumentName: 'x-amz-acl', ArgumentValue: acl } });
}

/** The content of an `AccessControlPolicy`. */
export function aclTree(acl = 'private', ownerId: string): XmlTree {
  return {
    Owner: { ID: ownerId },
    AccessControlList: {
      Grant: [
        { [grantee('CanonicalUser')]: { ID: ownerId }, Permission: 'FULL_CONTROL' },
        ...(canned[acl] ?? []).map(({ group, permission }) => ({
          [grantee('Group')]: { URI: group },
          Permission: permission,
        })),
      ],
    },
  };
}

function grantee(type: 'CanonicalUser' | 'Group'): string {
  return `Grantee xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="${type}"`;
}
