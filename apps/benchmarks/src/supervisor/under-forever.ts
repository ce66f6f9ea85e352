// forever-monitor: its programs come as JSON.
import { createRequire } from 'node:module';
import type { Program } from './program.ts';

interface Options {
  max: number;
  silent: boolean;
  env: Readonly<Record<string, string>>;
  outFile?: string;
  append: boolean;
}

interface Monitor {
  start(): void;
  stop(): void;
  running: boolean;
  on(event: 'stop' | 'exit', listener: () => void): void;
}

const { Monitor } = createRequire(import.meta.url)('forever-monitor') as {
  Monitor: new (program: string | string[], options: Options) => Monitor;
};

const monitors = (JSON.parse(process.argv[2] ?? '') as Program[]).map(({ run, env, restarts, logFile }) => {
  const monitor = new Monitor('script' in run ? run.script : [...run.command], {
    max: restarts ? 1_000_000 : 1,
    silent: true,
    env: env ?? {},
    append: true,
    ...(logFile !== undefined && { outFile: logFile }),
  });
  monitor.start();
  return monitor;
});

const stop = (): void => {
  const running = monitors.filter(({ running }) => running);
  let left = running.length;
  if (left === 0) process.exit(0);
  for (const monitor of running) {
    monitor.on('stop', () => {
      left -= 1;
      if (left === 0) process.exit(0);
    });
    monitor.stop();
  }
};
process.on('SIGTERM', stop);
process.on('disconnect', stop);
