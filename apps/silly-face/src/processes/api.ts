// One API process: the game over HTTP until a signal comes. Its start is kept short, because each deploy and each crash waits
// for it: no migrations, and what only photos need is loaded after it is ready.
import { gracefulShutdown } from '@silly-face/graceful-shutdown';
import { readApiConfig, readDirectoryConfig } from '../config.ts';
import type { Directory } from '../directory/directory.ts';
import { buildApp } from '../http/app.ts';
import { DRAIN_MS, IDLE_GRACE_MS } from '../http/time-limits.ts';
import type { PhotoStorage } from '../photo/storage.ts';
import { UploadDirectory } from '../photo/upload-directory.ts';
import { openDatabase } from '../store/database.ts';
import { installationIdOf } from '../store/installation.ts';
import { listen } from './listen.ts';
import { metricsServer } from './metrics-server.ts';
import { startSweeper } from './sweeper.ts';

// The SDK warns at each start that its coming versions need a newer Node; the pinned one runs on this.
process.env.AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED ??= 'true';

const config = readApiConfig(process.env);
readDirectoryConfig(process.env); // What is wrong with it is said now, and not to the first who wants a seat.
const db = openDatabase(config.databaseUrl);
const uploads = new UploadDirectory(config.uploadDirectory);

let storage: Promise<PhotoStorage> | undefined;
const photos = (): Promise<PhotoStorage> =>
  (storage ??= import('../photo/storage.ts').then(({ PhotoStorage }) => new PhotoStorage(config.s3)));

let parties: Promise<Directory> | undefined;
const directory = (): Promise<Directory> =>
  (parties ??= import('../directory/open-directory.ts').then(({ openDirectory }) =>
    openDirectory(process.env),
  ));

const { app, loadMetrics } = buildApp(
  {
    db,
    poolStats: () => db.stats(),
    photos,
    installationId: installationIdOf(db),
    uploads,
    directory,
    isDraining: () => shutdown.state !== 'running',
  },
  config.http,
);
const ownMetrics = metricsServer(app);
const shutdown = gracefulShutdown({
  servers: [app.server, ownMetrics],
  timeoutMs: DRAIN_MS,
  idleGraceMs: IDLE_GRACE_MS,
  logger: app.log,
});
// A later phase waits for those before: what they use closes last.
shutdown.onShutdown('database', () => db.drain(), { phase: 1 });
shutdown.onShutdown('photos', async () => (await storage)?.close(), { phase: 1 });
shutdown.onShutdown('directory', async () => (await parties)?.disconnect(), { phase: 1 });
shutdown.onShutdown('app', () => app.close());

await app.ready();
await listen(app.server, config.listen);
if (config.metricsListen) await listen(ownMetrics, config.metricsListen);
app.log.info({ address: app.server.address() }, 'listening');
process.send?.('ready');

const sweeper = startSweeper({ db, photos, uploads, log: app.log });
shutdown.onShutdown('sweeper', () => sweeper.stop());
await Promise.all([photos(), import('sharp'), loadMetrics()]);
