import { readSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { newHash } from './algorithm.ts';
import type { Hash, HashName } from './algorithm.ts';
import { Md5Lanes, Md5Message } from './md5-lanes.ts';
import type { Md5Step } from './md5-lanes.ts';
import { LANES } from './md5-module.ts';

/** A stretch of an open file. */
export interface FileSpan {
  descriptor: number;
  position: number;
  length: number;
}

/** The next bytes of a job. It has no more than one at a time. */
export interface HashRequest {
  job: number;
  names: readonly HashName[];
  input: Uint8Array | FileSpan;
  /** Whether the job ends with it. */
  isLast: boolean;
  /** Whether there are others at the job's beginning: alone, MD5 in a lane is slower than Node's own. */
  hasCompany: boolean;
}

/** One for each request. */
export interface HashAnswer {
  job: number;
  /** How many bytes there were: less than asked for where the file ends. */
  bytes: number;
  /** At the end of the job, in the order of its names. */
  digests?: Uint8Array[];
  /** Reading failed, and the job is over. */
  error?: Error;
}

type JobHash = Hash | Md5Message;

const jobs = new Map<number, JobHash[]>();

const lanes = Md5Lanes.make();

/** A request on its way. */
interface Stretch {
  request: HashRequest;
  hashes: readonly JobHash[];
  /** Where its file is read to. */
  space: Uint8Array;
  bytes: number;
  error?: Error;
}

/** So much that it stays in the processor's cache from the read to the hash. */
const ownSpace = Buffer.allocUnsafeSlow(256 * 1024);

const waiting: HashRequest[] = [];

/** By lane. */
const inLanes: (Stretch | undefined)[] = Array.from({ length: LANES });

parentPort?.on('message', (request: HashRequest) => {
  if (waiting.push(request) === 1 && !inLanes.some(Boolean)) setImmediate(work);
});

/** A piece in each lane at a time, so that what comes meanwhile takes the lanes that are free. */
function work(): void {
  for (let lane; waiting.length > 0 && (lane = inLanes.indexOf(undefined)) >= 0;) {
    const stretch = begin(waiting.shift() as HashRequest, lane);
    if (stretch.hashes.some(isInLane)) {
      inLanes[lane] = stretch;
      continue;
    }
    // Without a lane there is nothing to share, and the answer is the earlier the better.
    for (let piece; (piece = nextPiece(stretch)) !== undefined;) update(stretch, piece);
    answer(stretch);
  }
  advance();
  if (waiting.length > 0 || inLanes.some(Boolean)) setImmediate(work);
}

const isInLane = (hash: JobHash): hash is Md5Message => hash instanceof Md5Message;

function begin(request: HashRequest, lane: number): Stretch {
  const { job, names, hasCompany } = request;
  const hashes =
    jobs.get(job) ??
    names.map((name) => (name === 'MD5' && hasCompany && lanes ? new Md5Message() : newHash(name)));
  jobs.set(job, hashes);
  return { request, hashes, space: lanes?.spaces[lane] ?? ownSpace, bytes: 0 };
}

function advance(): void {
  const steps: Md5Step[] = [];
  const over: Stretch[] = [];
  for (const [lane, stretch] of inLanes.entries()) {
    if (stretch === undefined) continue;
    const piece = nextPiece(stretch);
    if (piece === undefined) {
      inLanes[lane] = undefined;
      over.push(stretch);
      continue;
    }
    update(stretch, piece);
    for (const message of stretch.hashes.filter(isInLane)) steps.push({ message, lane, piece });
  }
  lanes?.update(steps);
  for (const stretch of over) answer(stretch);
}

function update({ hashes }: Stretch, piece: Uint8Array): void {
  for (const hash of hashes) if (!isInLane(hash)) hash.update(piece);
}

/** Undefined at the end of the stretch or of the file, or when reading fails. */
function nextPiece(stretch: Stretch): Uint8Array | undefined {
  const { request, space, bytes } = stretch;
  const { input } = request;
  const length = input instanceof Uint8Array ? input.byteLength : input.length;
  const wanted = Math.min(space.byteLength, length - bytes);
  if (wanted === 0) return undefined;
  try {
    const piece =
      input instanceof Uint8Array
        ? input.subarray(bytes, bytes + wanted)
        : space.subarray(0, readSync(input.descriptor, space, 0, wanted, input.position + bytes));
    stretch.bytes += piece.byteLength;
    return piece.byteLength === 0 ? undefined : piece;
  } catch (error) {
    stretch.error = error as Error;
    return undefined;
  }
}

function answer({ request, hashes, bytes, error }: Stretch): void {
  const { job, isLast } = request;
  if (isLast || error !== undefined) jobs.delete(job);
  const post = (answer: Omit<HashAnswer, 'job'>): void => parentPort?.postMessage({ job, ...answer });
  if (error !== undefined) return post({ bytes: 0, error });
  if (!isLast) return post({ bytes });
  return post({ bytes, digests: hashes.map(digest) });
}

const digest = (hash: JobHash): Uint8Array =>
  isInLane(hash) ? (lanes as Md5Lanes).digest(hash) : hash.digest();
