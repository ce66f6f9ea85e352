import type * as Prometheus from 'prom-client';
import type { ObserveAnswer } from './timed-directory.ts';
import type { PartyServer } from './party-server.ts';
import type { Rooms } from './rooms.ts';

const BUCKETS_S = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5];

type Loaded = typeof Prometheus;

export interface Measured {
  readonly rooms: Pick<Rooms, 'metrics' | 'lease'>;
  readonly server: Pick<PartyServer, 'connections' | 'counts'>;
}

/** What this process has done since it began, for Prometheus. */
export class PartyPrometheus {
  readonly #measured: () => Measured;
  #registry: Promise<Prometheus.Registry> | undefined;
  #answers: Prometheus.Histogram<'operation' | 'outcome'> | undefined;

  constructor(measured: () => Measured) {
    this.#measured = measured;
  }

  /** Its library takes a while to load, which no start has to wait for: the directory's answers are counted from then on. */
  load(): Promise<Prometheus.Registry> {
    this.#registry ??= import('prom-client').then((loaded) => this.#register(loaded));
    return this.#registry;
  }

  async text(): Promise<{ type: string; text: string }> {
    const registry = await this.load();
    return { type: registry.contentType, text: await registry.metrics() };
  }

  readonly observe: ObserveAnswer = (operation, outcome, seconds) => {
    this.#answers?.observe({ operation, outcome }, seconds);
  };

  #register({ collectDefaultMetrics, Counter, Gauge, Histogram, Registry }: Loaded): Prometheus.Registry {
    const registry = new Registry();
    const { rooms, server } = this.#measured();
    const { metrics } = rooms;
    collectDefaultMetrics({ register: registry });
    const now = (name: string, help: string, value: () => number): void => {
      const collect = (): void => gauge.set(value());
      const gauge = new Gauge({ name, help, registers: [registry], collect });
    };
    const total = (name: string, help: string, value: () => number): void => {
      const collect = (): void => {
        counter.reset();
        counter.inc(value());
      };
      const counter = new Counter({ name, help, registers: [registry], collect });
    };
    now('party_rooms', 'Rooms that live here', () => metrics.rooms);
    now('party_members', 'Connections that are in a room', () => metrics.connections);
    now('party_connections', 'All connections, in a room or not', () => server.connections.size);
    now('party_lease_held', '1 while this process may act on its rooms', () => Number(rooms.lease.held));
    total('party_messages_total', 'Events that were told in rooms', () => metrics.messages);
    total('party_moves_total', 'Rooms that were given to another process', () => metrics.moves);
    total('party_rooms_lost_total', 'Rooms that another process had taken', () => metrics.lost);
    total(
      'party_commands_dropped_total',
      'Commands refused while the directory was away',
      () => metrics.dropped,
    );
    total('party_connections_total', 'Connections that were accepted', () => server.counts.accepted);
    total('party_frames_received_total', 'Frames from clients', () => server.counts.framesReceived);
    total('party_frames_sent_total', 'Frames to clients', () => server.counts.framesSent);
    const byes = new Counter({
      name: 'party_byes_total',
      help: 'Connections that were ended with a reason',
      labelNames: ['code'],
      registers: [registry],
      collect: () => {
        byes.reset();
        for (const [code, count] of Object.entries(server.counts.byes)) byes.inc({ code }, count);
      },
    });
    this.#answers = new Histogram({
      name: 'party_directory_seconds',
      help: 'From the question to the answer of the directory',
      labelNames: ['operation', 'outcome'],
      buckets: BUCKETS_S,
      registers: [registry],
    });
    return registry;
  }
}
