import type { Answer } from '../answer.ts';
import { checksumAlgorithms, checksumElement, checksumHeader } from '../checksum/algorithm.ts';
import type { Fault } from './fault.ts';

type Change = (value: string) => string | undefined;

/** What a fault makes of the answer of an operation that has succeeded. */
export function distorted(answer: Answer, fault: Fault, requestHasBody: boolean): Answer {
  const { etag, checksum, truncateAfterBytes } = fault;
  let changed = answer;
  if (etag) changed = withValues(changed, 'etag', 'ETag', etag === 'wrong' ? wrongEtag : () => undefined);
  if (checksum) {
    const change = checksum === 'wrong' ? wrongChecksum : () => undefined;
    for (const algorithm of checksumAlgorithms) {
      changed = withValues(changed, checksumHeader(algorithm), checksumElement(algorithm), change);
    }
  }
  const { delayMs, delayAfterBytes, resetAfterBytes } = requestHasBody ? {} : fault;
  const sending = {
    ...(truncateAfterBytes !== undefined && { truncateAfterBytes }),
    ...(resetAfterBytes !== undefined && { resetAfterBytes }),
    ...(delayAfterBytes !== undefined && delayMs !== undefined && { delayAfterBytes, delayMs }),
  };
  return Object.keys(sending).length === 0 ? changed : { ...changed, fault: sending };
}

/** Changes one value wherever an answer has it; `undefined` takes it away. */
function withValues(answer: Answer, header: string, element: string, change: Change): Answer {
  const headers = Object.entries(answer.headers ?? {}).flatMap(([name, value]) => {
    const next = name === header ? change(value) : value;
    return next === undefined ? [] : [[name, next] as const];
  });
  if (typeof answer.body !== 'string') return { ...answer, headers: Object.fromEntries(headers) };
  const body = answer.body.replaceAll(
    new RegExp(`<${element}>(.*?)</${element}>`, 'g'),
    (_, value: string) => {
      const next = change(value);
      return next === undefined ? '' : `<${element}>${next}</${element}>`;
    },
  );
  return { ...answer, headers: Object.fromEntries(headers), body };
}

/** Another first digit: it still looks like the MD5 that it is not. */
function wrongEtag(value: string): string {
  return value.replace(/[\da-f](?=[\da-f]{31})/, (digit) => (Number.parseInt(digit, 16) ^ 1).toString(16));
}

/** Another first byte; the number of parts behind a composite checksum stays. */
function wrongChecksum(value: string): string {
  const [base64 = '', ...parts] = value.split('-');
  const bytes = Buffer.from(base64, 'base64');
  bytes.writeUInt8(bytes.readUInt8(0) ^ 1, 0);
  return [bytes.toString('base64'), ...parts].join('-');
}
