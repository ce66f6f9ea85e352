import type { Verified } from './verify.ts';

/** What S3 answered. */
export interface PutAnswer {
  statusCode: number;
  /** Names in lower case. */
  headers: Record<string, string>;
  /** As S3 writes it, without the quotes. */
  etag: string;
  /** In a bucket with versions. */
  versionId: string | undefined;
  /**
   * That of `checksumAlgorithm`, in base64, as S3 writes it: of the whole object, or, with `-` and the number of parts behind it,
   * of the parts' checksums, where server or algorithm know no other.
   */
  checksum: string;
  /** Size of the object. */
  bytes: number;
  /** 1, and 1 more for each request that had to be repeated. */
  attempts: number;
  /** How many of the bytes an earlier, interrupted put had stored already. */
  resumedBytes: number;
  /** Which of S3's answers were compared with the bytes sent; a comparison that fails is EINTEGRITY. */
  verified: Verified;
}
