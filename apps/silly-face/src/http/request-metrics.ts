import type { Socket } from 'node:net';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type * as Prometheus from 'prom-client';
import type { PoolStats } from '../store/database.ts';

const BUCKETS_S = [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

type Loaded = typeof Prometheus;
type Durations = Prometheus.Histogram<'method' | 'route' | 'status'>;

interface Connection {
  inFlight: number;
}

/** What this process has done since it began, for Prometheus. */
export class RequestMetrics {
  readonly #poolStats: () => PoolStats;
  #registry: Promise<Prometheus.Registry> | undefined;
  #durations: Durations | undefined;
  readonly #connections = new WeakMap<Socket, Connection>();
  #inFlight = 0;
  #replays = 0;

  constructor(poolStats: () => PoolStats) {
    this.#poolStats = poolStats;
  }

  /** Its library takes a while to load, which no start has to wait for: durations are counted from then on. */
  load(): Promise<Prometheus.Registry> {
    this.#registry ??= import('prom-client').then((loaded) => this.#register(loaded));
    return this.#registry;
  }

  async text(): Promise<{ type: string; text: string }> {
    const registry = await this.load();
    return { type: registry.contentType, text: await registry.metrics() };
  }

  observe(app: FastifyInstance): void {
    app.addHook('onRequest', (request, reply, done) => {
      this.count(request, reply);
      done();
    });
  }

  count(request: FastifyRequest, reply: FastifyReply): void {
    const connection = this.#connectionOf(request.raw.socket);
    connection.inFlight++;
    this.#inFlight++;
    reply.raw.once('close', () => {
      this.#settle(connection, 1);
      if (reply.hasHeader('idempotency-replayed')) this.#replays++;
      this.#durations?.observe(
        {
          method: request.method,
          route: request.routeOptions.url ?? 'none',
          status: reply.raw.writableFinished ? reply.raw.statusCode : 499,
        },
        reply.elapsedTime / 1000,
      );
    });
  }

  /** Node says nothing of an answer that waits for the one before it, on the same connection, when the connection goes away. */
  #connectionOf(socket: Socket): Connection {
    let connection = this.#connections.get(socket);
    if (!connection) {
      const opened = { inFlight: 0 };
      connection = opened;
      this.#connections.set(socket, opened);
      socket.once('close', () => this.#settle(opened, opened.inFlight));
    }
    return connection;
  }

  #settle(connection: Connection, count: number): void {
    const settled = Math.min(count, connection.inFlight);
    connection.inFlight -= settled;
    this.#inFlight -= settled;
  }

  #register({ collectDefaultMetrics, Counter, Gauge, Histogram, Registry }: Loaded): Prometheus.Registry {
    const registry = new Registry();
    collectDefaultMetrics({ register: registry });
    this.#durations = new Histogram({
      name: 'http_request_duration_seconds',
      help: 'From the request to the end of its answer; status 499 is a client who left before',
      labelNames: ['method', 'route', 'status'],
      buckets: BUCKETS_S,
      registers: [registry],
    });
    const now = (name: string, help: string, value: () => number): void => {
      const collect = (): void => gauge.set(value());
      const gauge = new Gauge({ name, help, registers: [], collect });
      registry.registerMetric(gauge);
    };
    now(
      'http_requests_in_flight',
      'Requests whose client waits for the end of the answer',
      () => this.#inFlight,
    );
    now('database_clients_borrowed', 'Connections in use', () => this.#poolStats().borrowed);
    now('database_clients_idle', 'Connections that nobody uses', () => this.#poolStats().idle);
    now('database_clients_waiting', 'Callers that wait for one', () => this.#poolStats().waiting);
    now('database_clients_max', 'The most connections', () => this.#poolStats().max);
    const replays = new Counter({
      name: 'http_idempotent_replays_total',
      help: 'Answers that were given before under the same Idempotency-Key',
      registers: [registry],
      collect: () => {
        replays.reset();
        replays.inc(this.#replays);
      },
    });
    return registry;
  }
}
