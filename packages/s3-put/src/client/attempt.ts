import { Digesting } from '../checksum/digests.ts';
import type { BodyDigests, DigestPlan } from '../checksum/digests.ts';
import type { FailedAttempt, S3PutErrorCode } from '../errors.ts';
import { Failure } from '../failure.ts';
import type { Settings } from '../options.ts';
import { refusalIn } from '../response.ts';
import type { WireAnswer } from '../response.ts';
import { BytesSource } from '../source/bytes.ts';
import type { Memory } from '../source/memory.ts';
import type { Source } from '../source/source.ts';
import type { StopSignal } from '../stop-signal.ts';
import type { Throttle } from '../transport/throttle.ts';
import type { HttpRequest, Transport } from '../transport/transport.ts';
import type { DirectWay } from './direct.ts';

/** What all requests of one put share. */
export interface Context {
  settings: Settings;
  transport: Transport;
  way: DirectWay;
  throttle: Throttle | undefined;
  signal: StopSignal;
  /** Filled with each attempt that fails. */
  history: FailedAttempt[];
  partMemory: Memory;
  /** Bytes of a body that the connection has taken; negative when an attempt failed and they have to go again. */
  onSent: (bytes: number) => void;
  /** Bytes that S3 has; `wasThere` from an earlier process. */
  onAcknowledged: (bytes: number, wasThere: boolean) => void;
}

/** What one request is for. */
export interface Errand<T> {
  /** Sent beside those of the client, in lower case. */
  headers: Record<string, string>;
  /** Of the object: sent in place of the command's own body. */
  source?: Source;
  /** About the object: likewise, but no part of what is sent of it. */
  document?: Source;
  /** Whether a large body may wait for S3's permission. */
  mayAsk?: boolean;
  /** Digests to make of the bytes as they go out. */
  plan?: DigestPlan;
  /** Makes of a success, and of the digests, what the caller wants, or throws the Failure that it is after all. */
  judge: (answer: WireAnswer, made: BodyDigests | undefined) => T | Promise<T>;
}

/** One signed request, the whole body, and the answer looked at from every side. */
export async function attempt<T>(
  request: HttpRequest,
  { source, document, mayAsk = false, plan, judge }: Errand<T>,
  { transport, signal, history, throttle, onSent }: Context,
): Promise<{ value: T; answer: WireAnswer }> {
  const startedAt = performance.now();
  const body = source ?? document ?? ownBody(request);
  const digesting = plan && new Digesting(plan);
  let bytesSent = 0;
  let isOver = false;
  const tell = source === undefined ? () => undefined : onSent;
  const count = (bytes: number): void => {
    // Node tells of a write's end late: when the answer is there already, or the request was destroyed.
    if (isOver) return;
    bytesSent += bytes;
    tell(bytes);
  };
  try {
    const answer = await transport.send(request, body, {
      signal,
      mayAsk,
      meter: { throttle, onPiece: (piece) => digesting?.update(piece), onSent: count },
    });
    const refusal = refusalIn(answer);
    if (refusal !== undefined) throw refusal;
    const value = await judge(answer, digesting?.end());
    count(body.size - bytesSent);
    return { value, answer };
  } catch (error) {
    const isEcho = error instanceof Failure && error.details.isEcho;
    const durationMs = Math.round(performance.now() - startedAt);
    if (!isEcho) history.push({ ...described(error), bytesSent, durationMs });
    tell(-bytesSent);
    throw error;
  } finally {
    isOver = true;
  }
}

/** That of a command which carries none, or a document that the SDK wrote. */
const ownBody = ({ body = '' }: HttpRequest): Source => new BytesSource(Buffer.from(body as string));

function described(error: unknown): { code: S3PutErrorCode; message: string; statusCode?: number } {
  if (!(error instanceof Failure)) return { code: 'ECLIENT', message: String(error) };
  const { code, answer } = error.details;
  return { code, message: error.message, ...(answer && { statusCode: answer.statusCode }) };
}
