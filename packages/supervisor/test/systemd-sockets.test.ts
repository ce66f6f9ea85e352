import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Supervisor } from '@silly-face/supervisor';
import { freePort, isAlive, waitUntil } from '@silly-face/testing';
import { describe, expect, onTestFinished, test } from 'vitest';
import { ask } from './ask.ts';
import { fixture, startMainProgram, portOf } from './observe.ts';
import { temporaryFolder } from './temporary-folder.ts';
import { requireSystemd } from './systemd.ts';

const server = { name: 'api', script: fixture('server.mjs'), sockets: ['web'], readiness: 'message' };
const another = { name: 'other', command: 'sh', args: ['-c', 'ls /proc/$$/fd; env; exec sleep 600'] };

describe.skipIf(process.platform !== 'linux')('a supervisor that was activated by systemd', () => {
  test.for([
    { how: 'by its name', names: ['--fdname=web'], options: (port: number) => ({ port: port + 1 }) },
    { how: 'by the name of its unit', names: ['--fdname=web.socket'], options: () => ({ port: 1 }) },
    { how: 'by its address', names: [], options: (port: number) => ({ port, host: 'localhost' }) },
  ])('takes over a port $how', async ({ names, options }, context) => {
    await requireSystemd(context, 'systemd-socket-activate');
    const port = await freePort();
    const main = activate([`127.0.0.1:${port}`], names, {
      sockets: { web: options(port) },
      children: [server, another],
    });
    await main.listens;
    // The first connection is what starts the supervisor; the child answers it.
    const answer = Number(await ask(port));
    expect(isAlive(answer)).toBe(true);
    await waitUntil(() => main.stdout().includes('"started"'), { what: 'the start' });
    const others = main
      .stdout()
      .split('\n')
      .filter((line) => line.includes('"child":"other"'));
    expect(others.filter((line) => /LISTEN_|"line":"[3-9]"/.test(line))).toEqual([]);
    main.process.kill('SIGTERM');
    await once(main.process, 'exit');
  });

  test('takes over a unix socket by its path, and leaves its file', async (context) => {
    await requireSystemd(context, 'systemd-socket-activate');
    const folder = temporaryFolder();
    const path = join(folder, 'web.sock');
    const main = activate([path], [], { sockets: { web: { path } }, children: [server] });
    await main.listens;
    expect(isAlive(Number(await ask({ socketPath: path })))).toBe(true);
    main.process.kill('SIGTERM');
    await once(main.process, 'exit');
    expect(readdirSync(folder)).toEqual(['web.sock']);
  });

  test('warns of a socket that nobody wants', async (context) => {
    await requireSystemd(context, 'systemd-socket-activate');
    const port = await freePort();
    const main = activate([`127.0.0.1:${port}`], ['--fdname=metrics'], { children: [another] });
    await main.listens;
    void ask(port).catch(() => {});
    await waitUntil(() => main.stderr().includes('SUPERVISOR_UNUSED_SOCKET'), { what: 'the warning' });
    expect(main.stderr()).toContain(
      `The inherited socket "metrics" (descriptor 3, 127.0.0.1 port ${port}) is not used`,
    );
    main.process.kill('SIGTERM');
    await once(main.process, 'exit');
  });

  test('ignores sockets that were meant for another process', async () => {
    const main = startMainProgram(
      { sockets: { web: { port: 0, host: '127.0.0.1' } }, children: [server] },
      { LISTEN_FDS: '1', LISTEN_PID: String(process.pid), LISTEN_FDNAMES: 'web' },
    );
    await main.event('started');
    main.process.kill('SIGTERM');
    expect(await main.exited).toEqual([0, null]);
  });

  test.for(['SIGTERM', 'SIGKILL'] as const)(
    'is replaced after %s while it serves, and no connection is refused',
    async (signal) => {
      const folder = temporaryFolder();
      const path = join(folder, 'local.sock');
      const children = [
        { ...server, env: { LISTEN_ON: '3' } },
        { ...server, name: 'local', sockets: ['local'], env: { LISTEN_ON: '3' } },
      ];
      const inner = { sockets: { web: { port: 1 }, local: { path } }, children };
      // Hands its sockets down as systemd does, and starts its child anew.
      const systemd = new Supervisor({
        sockets: { web: { port: 0, host: '127.0.0.1' }, local: { path } },
        children: [
          {
            name: 'supervisor',
            command: process.execPath,
            args: [fixture('supervise.mjs'), JSON.stringify(inner)],
            sockets: ['web', 'local'],
          },
        ],
      });
      await systemd.start();
      const port = portOf(systemd, 'web');
      const seen = new Set<string>();
      const refused: unknown[] = [];
      const over = new AbortController();
      const client = async (where: number | { socketPath: string }): Promise<void> => {
        while (!over.signal.aborted) {
          try {
            seen.add(await ask(where));
          } catch (error) {
            // A request that a killed process had taken is lost with it; nobody may be turned away.
            const { code } = error as NodeJS.ErrnoException;
            if (signal !== 'SIGKILL' || (code !== 'ECONNRESET' && code !== 'EPIPE')) refused.push(error);
          }
        }
      };
      // Unlike systemd ours does not listen before somebody has taken the socket.
      for (const where of [port, { socketPath: path }]) {
        await waitUntil(() => ask(where).catch(() => ''), { what: 'the first answer' });
      }
      const clients = [port, port, { socketPath: path }].map(client);
      for (let round = 1; round <= 2; round++) {
        await waitUntil(() => seen.size >= 2 * round, { what: 'answers of both children' });
        const [{ pid = 0 } = {}] = systemd.status();
        process.kill(pid, signal);
        await waitUntil(() => systemd.status()[0]?.restarts === round, { what: 'the restart' });
      }
      await waitUntil(() => seen.size >= 6, { what: 'answers of the last two' });
      over.abort();
      await Promise.all(clients);
      expect(refused).toEqual([]);
      await systemd.stop();
    },
  );

  test('has units that systemd understands', async (context) => {
    await requireSystemd(context, 'systemd-socket-activate');
    const folder = temporaryFolder();
    const examples = fileURLToPath(new URL('../examples/systemd', import.meta.url));
    const units = readdirSync(examples).map((name) => join(folder, name));
    for (const unit of units) {
      const text = readFileSync(join(examples, basename(unit)), 'utf8');
      // What systemd would run has to exist.
      writeFileSync(unit, text.replaceAll('/usr/bin/node', process.execPath));
    }
    const { status, stdout, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', ...units], {
      encoding: 'utf8',
    });
    const complaints = `${stdout}${stderr}`
      .split('\n')
      .filter((line) => line.includes(folder) || /app\.(service|socket)/.test(line));
    expect({ status, complaints }).toEqual({ status: 0, complaints: [] });
  });
});

interface Activated {
  readonly process: ChildProcess;
  readonly listens: Promise<string>;
  stdout(): string;
  stderr(): string;
}

function activate(places: string[], names: string[], options: unknown): Activated {
  const listening = places.flatMap((place) => ['-l', place]);
  const words = [...listening, ...names, process.execPath, fixture('supervise.mjs'), JSON.stringify(options)];
  const variables = ['-E', `PATH=${process.env['PATH']}`];
  const activator = spawn('systemd-socket-activate', [...variables, ...words]);
  onTestFinished(() => void activator.kill('SIGKILL'));
  let stdout = '';
  let stderr = '';
  activator.stdout.on('data', (chunk) => (stdout += String(chunk)));
  activator.stderr.on('data', (chunk) => (stderr += String(chunk)));
  return {
    process: activator,
    listens: waitUntil(() => /Listening on .*\n/.exec(stderr)?.[0], { what: 'the socket' }),
    stdout: () => stdout,
    stderr: () => stderr,
  };
}
