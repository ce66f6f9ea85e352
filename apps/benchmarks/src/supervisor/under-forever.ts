import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';

interface Monitor {
  start(): void;
  stop(): void;
  on(event: 'stop', listener: () => void): void;
}

const { Monitor } = createRequire(import.meta.url)('forever-monitor') as {
  Monitor: new (script: string, options: { max: number; silent: boolean }) => Monitor;
};

const monitor = new Monitor(fileURLToPath(new URL('app.js', import.meta.url)), {
  max: 1_000_000,
  silent: true,
});
process.on('SIGTERM', () => {
  monitor.on('stop', () => process.exit(0));
  monitor.stop();
});
monitor.start();
