import { ConnectBackoff } from './connect-backoff.ts';
import { DefaultEvictor, GenericPool } from './generic-pool.ts';
import type { PooledResource, ResourceLoan } from './generic-pool.ts';
import { IdleStack } from './idle-stack.ts';
import type { Limit } from './limit.ts';
import { Lifetimes } from './lifetimes.ts';
import { WaitingLine } from './waiting-line.ts';

export interface ClientPoolOptions<T> {
  readonly max: number;
  readonly min: number;
  readonly idleTimeoutMs: number;
  readonly maxLifetimeMs: number;
  readonly acquireTimeoutMs: number;
  readonly maxWaiting: number;
  create(): Promise<T>;
  /** Must not reject. */
  destroy(resource: T): Promise<void>;
  isAlive(resource: T): boolean;
  /** The resource has lived for long enough: whoever has it is its last borrower. */
  expire(resource: T): void;
  /** Would a caller be served by a resource that comes back, although none can be made? */
  mayServeLater(error: Error): boolean;
  /** What a caller gets who has waited for too long. */
  timedOut(timeoutMs: number, lastFailure: Error | undefined): Error;
  /** What a caller gets who would have to wait behind too many others. */
  queueFull(lastFailure: Error | undefined): Error;
}

/**
 * generic-pool with its faults mended: when a resource cannot be made, the caller is told, and the next attempt waits; every
 * acquire settles; idle resources are reaped, the dead ones at once, and those that have lived for long enough are replaced.
 */
export class ClientPool<T extends object> extends GenericPool<T, IdleStack<T>, WaitingLine<T>> {
  readonly #options: ClientPoolOptions<T>;
  readonly #backoff: ConnectBackoff;
  readonly #lifetimes: Lifetimes<T>;
  #lastFailure: Error | undefined;
  #nextAttempt: NodeJS.Timeout | undefined;
  #drained: (() => void) | undefined;

  constructor(options: ClientPoolOptions<T>) {
    const backoff = new ConnectBackoff();
    const lifetimes = new Lifetimes<T>(options.maxLifetimeMs);
    const create = async (): Promise<T> => {
      const resource = await options.create();
      backoff.succeeded();
      lifetimes.begin(resource);
      return resource;
    };
    super(
      DefaultEvictor,
      IdleStack<T>,
      WaitingLine<T>,
      { create, destroy: (resource) => options.destroy(resource) },
      {
        max: options.max,
        min: options.min,
        autostart: false,
        fifo: false,
        evictionRunIntervalMillis: Math.min(
          5_000,
          Math.ceil(Math.min(options.idleTimeoutMs, options.maxLifetimeMs) / 4),
        ),
      },
    );
    this.#options = options;
    this.#backoff = backoff;
    this.#lifetimes = lifetimes;
    this.on('factoryCreateError', (error) => this.#failed(error));
    this.start();
  }

  get connecting(): number {
    return this._factoryCreateOperations.size;
  }

  /** Those for whom a resource is or will be made do not wait behind anybody. */
  get #coming(): number {
    return this.#backoff.failing ? this.connecting : this.max - this.size + this.connecting;
  }

  /** A resource that is idle, if there is one and nobody waits for it. */
  take(): T | undefined {
    if (this.pending > 0 || this._draining) return undefined;
    for (;;) {
      const idle = this._availableObjects.shift();
      if (!idle) return undefined;
      if (this.#options.isAlive(idle.obj)) {
        this.#note(idle);
        return idle.obj;
      }
      this._destroy(idle);
    }
  }

  /** @param limit of the caller's own */
  acquire(limit?: Limit, timeoutMs = this.#options.acquireTimeoutMs): Promise<T> {
    const request = this._waitingClientsQueue.enqueue();
    this._dispense();
    if (request.state === 'PENDING' && this.pending - this.#coming > this.#options.maxWaiting) {
      request.reject(this.#options.queueFull(this.#lastFailure));
    } else if (request.state === 'PENDING') {
      // Once the request has left the line: it may have been the last that a drain waits for.
      const left = (): void => process.nextTick(() => this._dispense());
      this._waitingClientsQueue.expireAfter(request, timeoutMs, () => {
        left();
        return this.#options.timedOut(timeoutMs, this.#lastFailure);
      });
      if (limit) request.endBy(limit, left);
      this.#nextAttempt?.ref();
    }
    return request.promise;
  }

  /** Takes a resource out at once if it is idle. */
  discardIdle(resource: T): void {
    const idle = this._availableObjects.find(resource);
    if (!idle) return;
    this._availableObjects.remove(idle);
    this._destroy(idle);
    this._dispense();
  }

  /** Resolves when nobody waits, everything is back, and every resource is destroyed. */
  override async drain(): Promise<void> {
    this._draining = true;
    await new Promise<void>((resolve) => {
      this.#drained = resolve;
      this._dispense();
    });
    this._descheduleEvictorRun();
    clearTimeout(this.#nextAttempt);
    for (let idle = this._availableObjects.shift(); idle; idle = this._availableObjects.shift())
      this._destroy(idle);
    await Promise.all(this._factoryDestroyOperations);
  }

  override _dispense(): void {
    this._ensureMinimum();
    super._dispense();
    if (this.pending + this.borrowed + this.connecting === 0) this.#drained?.();
  }

  override _createResource(): void {
    // While attempts fail, or nothing is open, one is enough to find out whether the server is there; its outcome leads back here.
    const unproved = this.#backoff.failing || this.size === this.connecting;
    if (unproved && this.connecting > 0) return;
    const { waitMs } = this.#backoff;
    if (waitMs > 0) this.#tryAfter(waitMs);
    else super._createResource();
  }

  override _dispatchPooledResourceToNextWaitingClient(resource: PooledResource<T>): boolean {
    if (!this.#options.isAlive(resource.obj)) {
      this._destroy(resource);
      this._dispense();
      return false;
    }
    const request = this._waitingClientsQueue.dequeue();
    if (!request) {
      this._availableObjects.unshift(resource);
      return false;
    }
    this.#note(resource);
    request.resolve(resource.obj);
    return true;
  }

  #note(resource: PooledResource<T>): void {
    this._resourceLoans.set(resource.obj, new Loan(resource));
    resource.allocate();
  }

  override _evict(): void {
    this.#reap();
    this.#expire();
  }

  #reap(): void {
    const latest = Date.now() - this.#options.idleTimeoutMs;
    for (;;) {
      const longest = this._availableObjects.bottom;
      if (!longest || longest.lastIdleTime > latest || this.size <= this.min) return;
      this._availableObjects.remove(longest);
      this._destroy(longest);
    }
  }

  /** What is idle is closed; of those that keep the minimum one at a time, and only after its successor is there, if it may be. */
  #expire(): void {
    const idle = new Set(this._availableObjects);
    for (const resource of this._allObjects) {
      if (!this.#lifetimes.isOver(resource.obj)) continue;
      if (!idle.has(resource)) {
        this.#options.expire(resource.obj);
      } else if (this.size - this.connecting > this.min) {
        this.#replace(resource);
      } else if (this.connecting === 0 && !this._draining) {
        if (this.size < this.max) this._createResource();
        else this.#replace(resource);
      }
    }
  }

  #replace(resource: PooledResource<T>): void {
    this.#options.expire(resource.obj);
    this._availableObjects.remove(resource);
    this._destroy(resource);
  }

  #tryAfter(ms: number): void {
    if (this.#nextAttempt) return;
    this.#nextAttempt = setTimeout(() => {
      this.#nextAttempt = undefined;
      this._dispense();
    }, ms);
    // To fill up the minimum alone is no reason to keep a process alive.
    if (this.pending === 0) this.#nextAttempt.unref();
  }

  /** Each failed attempt answers the caller that waits longest; when nothing is left that could serve them, everybody. */
  #failed(error: Error): void {
    this.#lastFailure = error;
    this.#backoff.failed();
    const nothingLeft = this.size === 0;
    if (!nothingLeft && this.#options.mayServeLater(error)) return;
    const answered = nothingLeft ? this.pending : 1;
    for (let i = 0; i < answered; i++) this._waitingClientsQueue.dequeue()?.reject(error);
  }
}

/** As generic-pool's own, without the promise that only its own drain waits for. */
class Loan<T> implements ResourceLoan<T> {
  readonly pooledResource: PooledResource<T>;

  constructor(resource: PooledResource<T>) {
    this.pooledResource = resource;
  }

  resolve(): void {}
}
