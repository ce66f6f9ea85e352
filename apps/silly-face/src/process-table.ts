import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ChildOptions, SupervisorOptions } from '@silly-face/supervisor';
import { STOP_MS } from './http/time-limits.ts';
import { NGINX_CHILD, nginxChildren, WEB_SOCKET } from './nginx/children.ts';
import { NGINX_FILES, type NginxPlan } from './nginx/plan.ts';
import { API } from './nginx/upstreams.ts';
import { partyChildren, type PartyPlan, partySockets } from './party-children.ts';
import { knowingOnly, NEEDED } from './secrets.ts';
import { SERVING_RESTART } from './serving-restart.ts';
import type { Service } from './services/service.ts';

export interface Bot {
  name: string;
  opponent: string;
}

export interface TableOptions {
  /** What migrations and the party need; they wait for no other service. */
  database: Service;
  /** What else the API processes use. */
  services: Service[];
  /** Where the API is reached; from `metricsPort` on each of its processes has a port for its own metrics. */
  api: { host: string; port: number; instances: number; metricsPort?: number | undefined };
  /** It listens there, and each API process has a held socket of its own; without it they share one, which is there. */
  nginx?: NginxPlan | undefined;
  party: PartyPlan;
  /** Where the bots reach it. */
  apiUrl: string;
  /** Added to the environment of the API processes. */
  environment: Record<string, string>;
  /** Who plays against the API, and how often each looks for something to do. */
  bots: Bot[];
  botScanIntervalMs: number;
}

/** Who belongs to the backend, who waits for whom, and who stops before whom. */
export function processTable(options: TableOptions): SupervisorOptions {
  const { database, api, nginx, apiUrl, bots, botScanIntervalMs } = options;
  const services = [database, ...options.services];
  const environment = Object.assign(
    {},
    ...services.map((service) => service.environment),
    options.environment,
  ) as Record<string, string>;
  return {
    sockets: Object.assign(
      {
        [nginx ? WEB_SOCKET : API]: { host: nginx?.address ?? api.host, port: api.port },
        ...partySockets(options.party),
      },
      ...services.map((service) => service.sockets),
    ),
    children: [
      // A deploy is none of their business: they are not ours to release, and everybody needs them.
      ...services.flatMap((service) =>
        service.children.map((child) => knowingOnly([], { ...child, reload: 'none' as const })),
      ),
      // Before the first API process and never in its start, which has to be short.
      knowingOnly(NEEDED.migrate, {
        name: 'migrate',
        script: script('processes/migrate.js'),
        task: true,
        after: namesOf([database]),
        env: environment,
      }),
      knowingOnly(NEEDED.api, {
        name: API,
        script: script('processes/api.js'),
        instances: api.instances,
        ...(nginx ? { listen: { path: join(nginx.folder, NGINX_FILES.apiSocket) } } : { sockets: [API] }),
        ...(api.metricsPort !== undefined && {
          ownSockets: { metrics: { host: api.host, port: api.metricsPort } },
        }),
        after: ['migrate', ...namesOf(services)],
        env: { ...environment, ...(nginx && { TRUST_PROXY: 'loopback' }) },
        readiness: 'message',
        restart: SERVING_RESTART,
        stopTimeoutMs: STOP_MS,
      }),
      ...partyChildren(options.party, { environment, after: ['migrate', ...namesOf([database])] }).map(
        (child) => knowingOnly(NEEDED.party, child),
      ),
      ...(nginx
        ? nginxChildren(nginx, {
            after: [API],
            configurationScript: script('processes/nginx-configuration.js'),
          }).map((child) => knowingOnly([], child))
        : []),
      ...bots.map((bot) =>
        knowingOnly([], {
          ...botChild(bot, apiUrl, botScanIntervalMs),
          after: [nginx ? NGINX_CHILD : API],
        }),
      ),
    ],
    signals: ['SIGINT', 'SIGTERM'],
    // An API process waits for the idle connections of its clients, a party process for its rooms: two wait at the same time, and
    // behind them stand new ones that are ready.
    reloadParallelism: 2,
  };
}

function namesOf(services: Service[]): string[] {
  return services.flatMap(({ children }) => children.map(({ name }) => name));
}

function script(path: string): string {
  return fileURLToPath(new URL(path, import.meta.url));
}

function botChild({ name, opponent }: Bot, apiUrl: string, scanIntervalMs: number): ChildOptions {
  return {
    name: name.toLowerCase(),
    script: fileURLToPath(import.meta.resolve('@silly-face/bots/main')),
    // Never two of one bot at the same time.
    reload: 'stop-first',
    env: {
      BOT_NAME: name,
      BOT_PASSWORD: `${name} makes silly faces`,
      BOT_OPPONENT: opponent,
      API_URL: apiUrl,
      BOT_SCAN_INTERVAL_MS: String(scanIntervalMs),
    },
  };
}
