/** Which request of a multipart upload takes which of the given headers. */
export interface MultipartHeaders {
  /** Whatever describes the object. */
  create: Record<string, string>;
  part: Record<string, string>;
  /** The conditions among them: S3 checks those at the end. */
  complete: Record<string, string>;
  abort: Record<string, string>;
}

export function headersOf(given: Record<string, string>): MultipartHeaders {
  const pick = (...patterns: RegExp[]): Record<string, string> =>
    Object.fromEntries(
      Object.entries(given).filter(([name]) => patterns.some((pattern) => pattern.test(name))),
    );
  return {
    create: Object.fromEntries(Object.entries(given).filter(([name]) => !CONDITION.test(name))),
    part: pick(CUSTOMER_KEY, ACCOUNT),
    complete: pick(CONDITION, CUSTOMER_KEY, ACCOUNT),
    abort: pick(ACCOUNT),
  };
}

const CONDITION = /^if-/;
const CUSTOMER_KEY = /^x-amz-server-side-encryption-customer-/;
const ACCOUNT = /^x-amz-(request-payer|expected-bucket-owner)$/;
