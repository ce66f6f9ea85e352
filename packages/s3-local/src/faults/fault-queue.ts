import { parameter } from '../request.ts';
import type { S3Request } from '../request.ts';
import { operationOf } from '../router.ts';
import type { Fault } from './fault.ts';
import { validateFault } from './validate-fault.ts';

/** Lets requests fail on purpose, so that a client's ways of handling it can be tested. */
export interface Faults {
  /** The next request that fits, and that no earlier fault has taken, meets this fault. */
  next(fault: Fault): void;
  /** How many strikes have not met a request yet. */
  readonly pending: number;
  /** Forgets all of them. */
  clear(): void;
}

interface Entry {
  readonly fault: Fault;
  /** How many requests that fit still pass. */
  passing: number;
  left: number;
}

export class FaultQueue implements Faults {
  #queue: Entry[] = [];

  next(fault: Fault): void {
    validateFault(fault);
    const { after = 0, times = 1 } = fault;
    this.#queue.push({ fault: { ...fault }, passing: after, left: times });
  }

  get pending(): number {
    return this.#queue.reduce((sum, { left }) => sum + left, 0);
  }

  clear(): void {
    this.#queue = [];
  }

  take(request: S3Request): Fault | undefined {
    for (const entry of this.#queue) {
      if (!fits(entry.fault, request)) continue;
      if (entry.passing > 0) {
        entry.passing -= 1;
        continue;
      }
      entry.left -= 1;
      this.#queue = this.#queue.filter(({ left }) => left > 0);
      return entry.fault;
    }
    return undefined;
  }
}

function fits({ operation, method, bucket, key, partNumber }: Fault, request: S3Request): boolean {
  return (
    (operation === undefined || operation === operationOf(request)?.name) &&
    (method === undefined || method === request.method) &&
    (bucket === undefined || bucket === request.bucket) &&
    (key === undefined || key === request.key) &&
    (partNumber === undefined || String(partNumber) === parameter(request, 'partNumber'))
  );
}
