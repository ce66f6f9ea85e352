import { isPortFree } from '@silly-face/postgres-local';
import type { Supervisor } from '@silly-face/supervisor';
import { type MailConfig, readMailConfig } from './mail/mail-config.ts';
import { MailingSupervisor } from './mail/mailing-supervisor.ts';
import { NGINX_CHILDREN } from './nginx/children.ts';
import { Membership } from './nginx/membership.ts';
import { planParty } from './party-children.ts';
import { type Bot, processTable } from './process-table.ts';
import { nginxInstalled, nginxService } from './services/nginx.ts';
import { type DataFolder, dataFolder } from './services/data-folder.ts';
import { postgresService } from './services/postgres.ts';
import { redisServices } from './services/redis.ts';
import { s3Service } from './services/s3.ts';
import type { Service } from './services/service.ts';

export interface BackendOptions {
  /**
   * Where services, port and mail are looked up: DATABASE_URL, S3_ENDPOINT, SMTP_URL and friends, REDIS_URL, SILLY_FACE_DATA, HOST, PORT,
   * METRICS_PORT.
   */
  environment: NodeJS.ProcessEnv;
  /** Whether the commands can speak to it. @default false */
  controlSocket?: boolean;
  /** nginx has to be in front, whatever the environment says. @default false */
  nginx?: boolean;
  /** Told to the API processes, such as LOG_LEVEL. */
  apiEnvironment?: Record<string, string>;
  bots?: Bot[];
  /** @default 30_000 */
  botScanIntervalMs?: number;
  /** What to do with it between its making and its start: to listen, to print. */
  prepared: (backend: Backend) => void;
  /** All of it is ready. */
  started?: (backend: Backend) => void;
}

export interface Backend {
  supervisor: Supervisor;
  /** Where the API will listen, as a person would type it. */
  url: string;
  data: DataFolder;
  /** For a person: what the services are. */
  services: string[];
}

const defaultPort = 8080;
const apiProcesses = 2;

/**
 * Runs the whole backend under one supervisor until SIGINT or SIGTERM, at any moment, ends it in order and with exit code 0. A
 * start that fails is told in a line or two, leaves nothing running, and ends with exit code 1.
 */
export async function runBackend(options: BackendOptions): Promise<void> {
  const stopped = new AbortController();
  const stop = (): void => stopped.abort();
  const signals = ['SIGINT', 'SIGTERM'] as const;
  for (const signal of signals) process.on(signal, stop);
  try {
    const backend = await prepareBackend(options, stopped.signal);
    stopped.signal.throwIfAborted();
    options.prepared(backend);
    // From here on the supervisor takes the signals.
    const start = backend.supervisor.start();
    for (const signal of signals) process.off(signal, stop);
    await start;
    options.started?.(backend);
  } catch (error) {
    if (stopped.signal.aborted) return;
    console.error(`The backend did not start: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
  }
}

async function prepareBackend(options: BackendOptions, signal: AbortSignal): Promise<Backend> {
  const { environment, apiEnvironment = {}, bots = [], botScanIntervalMs = 30_000 } = options;
  const host = environment.HOST || '127.0.0.1';
  const metricsPort = readMetricsPort(environment.METRICS_PORT);
  const port = await apiPort(environment.PORT, host);
  const mail = readMailConfig(environment);
  // Who sends no mail has no need of the password: the children inherit what is left.
  delete environment.SMTP_URL;
  const installed = nginxInstalled(environment, { forced: options.nginx, passedOver: console.error });
  const party = await planParty(environment);
  const data = dataFolder(environment);
  // What can be refused at once comes before what takes a while.
  const nginx = installed && (await nginxService(installed, { host, port, directory: data.nginx }));
  const redis = redisServices(environment);
  const s3 = await s3Service(environment, data.s3);
  const database = await postgresService(environment, data.postgres, signal);
  const services = [database, s3, ...redis];
  const table = processTable({
    database,
    services: [s3, ...redis],
    api: { host, port, instances: apiProcesses, metricsPort },
    nginx: nginx?.plan,
    party,
    apiUrl: urlOf(host, port),
    environment: { UPLOAD_DIRECTORY: data.uploads, ...apiEnvironment },
    bots,
    botScanIntervalMs,
  });
  const supervisor = new MailingSupervisor(
    { ...table, ...(options.controlSocket && { controlSocket: data.controlSocket }) },
    // Postgres logs there whatever it does, nginx what its clients do wrong.
    {
      config: mail,
      directory: data.mail,
      chatty: [...services.flatMap(namesOf), ...(nginx ? NGINX_CHILDREN : [])],
    },
  );
  if (nginx) new Membership(table, nginx.plan).follow(supervisor, console.error);
  return {
    supervisor,
    url: isHere(host) ? `http://localhost:${port}` : urlOf(host, port),
    data,
    services: [
      ...[...services, ...(nginx ? [nginx] : [])].map(({ description }) => description),
      describeMail(mail, data.mail),
    ],
  };
}

function namesOf({ children }: Service): string[] {
  return children.map(({ name }) => name);
}

function describeMail({ smtpUrl, to }: MailConfig, directory: string): string {
  return smtpUrl === undefined ? `mail as files in ${directory}` : `mail to ${to}`;
}

/** The port that was asked for, which fails if it is taken; else 8080 or the next one that is free. */
async function apiPort(asked: string | undefined, host: string): Promise<number> {
  if (asked) {
    const port = Number(asked);
    if (!Number.isInteger(port) || port < 1 || port > 65_535) {
      throw new Error(`Expected PORT to be a port number from 1 to 65535, got '${asked}'`);
    }
    return port;
  }
  for (let port = defaultPort; port < defaultPort + 100; port++)
    if (await isPortFree(port, host)) return port;
  throw new Error(`No port from ${defaultPort} to ${defaultPort + 99} is free; choose one with PORT`);
}

/** The first of as many as there are API processes. */
function readMetricsPort(asked: string | undefined): number | undefined {
  if (!asked) return undefined;
  const port = Number(asked);
  const last = 65_536 - apiProcesses;
  if (Number.isInteger(port) && port >= 1 && port <= last) return port;
  throw new Error(`Expected METRICS_PORT to be a port number from 1 to ${last}, got '${asked}'`);
}

function isHere(host: string): boolean {
  return ['127.0.0.1', '::1', 'localhost', '0.0.0.0', '::'].includes(host);
}

/** How a process on this machine reaches a server there. */
function urlOf(host: string, port: number): string {
  const reached = { '0.0.0.0': '127.0.0.1', '::': '::1' }[host] ?? host;
  return `http://${reached.includes(':') ? `[${reached}]` : reached}:${port}`;
}
