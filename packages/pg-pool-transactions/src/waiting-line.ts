import type { WaitingRequest, WaitingRequests } from './generic-pool.ts';
import type { Limit } from './limit.ts';

/**
 * The callers that wait for a resource, first come, first served. generic-pool's own queue can lose everybody in it when one
 * request times out while it is being served: here a request leaves the line at the moment it is settled, whoever settles it.
 */
export class WaitingLine<T> implements WaitingRequests<T> {
  readonly #requests = new Set<Request<T>>();
  /** One for all: most of them are served long before. It keeps no process alive, the connections do. */
  #timer: NodeJS.Timeout | undefined;
  #timerDue = Infinity;

  get length(): number {
    return this.#requests.size;
  }

  /** @returns a promise of the resource, and of nothing else than the resource or a rejection. */
  enqueue(): Request<T> {
    const request = new Request<T>((settled) => this.#requests.delete(settled));
    this.#requests.add(request);
    return request;
  }

  /** Rejects the request with what `timedOut` makes, when nothing else has settled it within `ms`. */
  expireAfter(request: Request<T>, ms: number, timedOut: () => Error): void {
    if (ms === Infinity) return;
    request.due = performance.now() + ms;
    request.timedOut = timedOut;
    if (request.due < this.#timerDue) this.#wakeUpAt(request.due);
  }

  #wakeUpAt(due: number): void {
    clearTimeout(this.#timer);
    this.#timerDue = due;
    this.#timer = setTimeout(() => this.#expire(), due - performance.now()).unref();
  }

  #expire(): void {
    // A timer counts whole milliseconds, and may be early by a part of one.
    const now = performance.now() + 1;
    this.#timerDue = Infinity;
    for (const request of this.#requests)
      if (request.due <= now && request.timedOut) request.reject(request.timedOut());
    let next = Infinity;
    for (const { due } of this.#requests) next = Math.min(next, due);
    if (next < Infinity) this.#wakeUpAt(next);
  }

  dequeue(): Request<T> | undefined {
    if (this.#requests.size === 0) return undefined;
    const [first] = this.#requests;
    if (first) this.#requests.delete(first);
    return first;
  }
}

/** One waiting caller. */
export class Request<T> implements WaitingRequest<T> {
  readonly promise: Promise<T>;
  due = Infinity;
  timedOut: (() => Error) | undefined;
  readonly #leave: (request: Request<T>) => void;
  #state: 'PENDING' | 'FULFILLED' | 'REJECTED' = 'PENDING';
  #fulfil!: (resource: T) => void;
  #refuse!: (error: Error) => void;
  #outlive: (() => void) | undefined;

  constructor(leave: (request: Request<T>) => void) {
    this.#leave = leave;
    this.promise = new Promise((resolve, reject) => {
      this.#fulfil = resolve;
      this.#refuse = reject;
    });
  }

  get state(): 'PENDING' | 'FULFILLED' | 'REJECTED' {
    return this.#state;
  }

  resolve(resource: T): void {
    this.#state = 'FULFILLED';
    this.#settled();
    this.#fulfil(resource);
  }

  reject(error: Error): void {
    this.#state = 'REJECTED';
    this.#settled();
    this.#refuse(error);
  }

  /** Rejects the request when the caller's own limit is reached first. */
  endBy(limit: Limit, left: () => void): void {
    this.#outlive = limit.whenReached((error) => {
      left();
      this.reject(error);
    });
  }

  #settled(): void {
    this.#outlive?.();
    this.#leave(this);
  }
}
