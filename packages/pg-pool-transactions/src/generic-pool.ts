import genericPool from 'generic-pool';

// generic-pool's declarations stop at its public methods. This is what a subclass of its exported `Pool` (3.9.0, pinned) sees,
// as far as ours needs it.

export interface PooledResource<T> {
  readonly obj: T;
  readonly lastIdleTime: number;
  allocate(): void;
}

/** What generic-pool asks of its note that a resource is out. */
export interface ResourceLoan<T> {
  readonly pooledResource: PooledResource<T>;
  resolve(): void;
}

/** What generic-pool asks of the collection of idle resources. */
export interface IdleResources<T> extends Iterable<PooledResource<T>> {
  readonly length: number;
  shift(): PooledResource<T> | undefined;
  unshift(resource: PooledResource<T>): void;
  push(resource: PooledResource<T>): void;
  iterator(): Iterator<PooledResource<T>>;
}

/** What generic-pool asks of a waiting caller. */
export interface WaitingRequest<T> {
  readonly state: 'PENDING' | 'FULFILLED' | 'REJECTED';
  resolve(resource: T): void;
}

/** What generic-pool asks of the callers' queue. */
export interface WaitingRequests<T> {
  readonly length: number;
  dequeue(): WaitingRequest<T> | undefined;
}

export interface Factory<T> {
  create(): Promise<T>;
  destroy(resource: T): Promise<void>;
}

export interface GenericPoolOptions {
  max: number;
  min: number;
  autostart: false;
  fifo: false;
  evictionRunIntervalMillis: number;
}

interface GenericPoolBase<T, Idle, Waiting> {
  readonly size: number;
  readonly available: number;
  readonly borrowed: number;
  readonly pending: number;
  readonly max: number;
  readonly min: number;
  start(): void;
  release(resource: T): Promise<void>;
  destroy(resource: T): Promise<void>;
  drain(): Promise<void>;
  on(event: 'factoryCreateError' | 'factoryDestroyError', listener: (error: Error) => void): this;

  _draining: boolean;
  readonly _availableObjects: Idle;
  readonly _resourceLoans: Map<T, ResourceLoan<T>>;
  readonly _allObjects: ReadonlySet<PooledResource<T>>;
  readonly _waitingClientsQueue: Waiting;
  readonly _factoryCreateOperations: ReadonlySet<Promise<unknown>>;
  readonly _factoryDestroyOperations: ReadonlySet<Promise<unknown>>;
  _createResource(): void;
  _ensureMinimum(): void;
  _dispense(): void;
  _dispatchPooledResourceToNextWaitingClient(resource: PooledResource<T>): boolean;
  _destroy(resource: PooledResource<T>): void;
  _evict(): void;
  _descheduleEvictorRun(): void;
}

type GenericPoolClass = new <T, Idle extends IdleResources<T>, Waiting extends WaitingRequests<T>>(
  evictor: new () => object,
  idle: new () => Idle,
  waiting: new () => Waiting,
  factory: Factory<T>,
  options: GenericPoolOptions,
) => GenericPoolBase<T, Idle, Waiting>;

const exported = genericPool as unknown as { Pool: GenericPoolClass; DefaultEvictor: new () => object };

export const GenericPool = exported.Pool;
export const DefaultEvictor = exported.DefaultEvictor;
