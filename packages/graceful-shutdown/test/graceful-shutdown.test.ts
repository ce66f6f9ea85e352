import { createServer } from 'node:http';
import { gracefulShutdown, healthHandler, OptionError, ShutdownError } from '@silly-face/graceful-shutdown';
import { fileURLToPath } from 'node:url';
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { FixtureProcess } from './child.ts';

const quiet = { signals: [], handleCrashes: false } as const;

it.each([
  [{ timeoutMs: -1 }, 'Expected `timeoutMs` to be a positive number, got -1'],
  [{ timeoutMs: Number.NaN }, 'Expected `timeoutMs` to be a positive number, got NaN'],
  [{ timeoutMs: 1e12 }, 'Expected `timeoutMs` to be at most 2147483647, got 1000000000000'],
  [{ delayMs: -5 }, 'Expected `delayMs` to be zero or a positive number, got -5'],
  [{ delayMs: 30_000 }, 'Expected `delayMs` to be less than `timeoutMs` (30000), got 30000'],
  [
    { idleGraceMs: 75_000 },
    'Expected `idleGraceMs` to be less than `timeoutMs - delayMs` (30000), got 75000',
  ],
  [{ headTimeoutMs: '1' }, 'Expected `headTimeoutMs` to be a positive number, got "1"'],
  [{ crashTimeoutMs: 0 }, 'Expected `crashTimeoutMs` to be a positive number, got 0'],
  [{ handleCrashes: 'yes' }, 'Expected `handleCrashes` to be a boolean, got "yes"'],
  [{ signals: 'SIGTERM' }, 'Expected `signals` to be an array, got "SIGTERM"'],
  [{ signals: ['TERM'] }, 'Expected `signals[0]` to be the name of a signal, got "TERM"'],
  [{ signals: ['SIGKILL'] }, 'Expected `signals[0]` to be a signal that can be caught, got "SIGKILL"'],
  [{ servers: [() => {}] }, 'of an express app, give what `app.listen()` returns), got a function'],
  [{ parentMessages: 'shutdown' }, 'Expected `parentMessages` to be an array, got "shutdown"'],
  [{ parentMessages: [''] }, 'Expected `parentMessages[0]` to be a non-empty string, got ""'],
  [{ parentDisconnect: 1 }, 'Expected `parentDisconnect` to be a boolean, got 1'],
  [{ handleWarnings: 1 }, 'Expected `handleWarnings` to be a boolean, got 1'],
  [{ forcedExitCode: 256 }, 'Expected `forcedExitCode` to be an integer from 0 to 255, got 256'],
  [{ flush: true }, 'Expected `flush` to be a function, got true'],
  [{ flushTimeoutMs: 0 }, 'Expected `flushTimeoutMs` to be a positive number, got 0'],
  [{ logger: { info() {} } }, 'Expected `logger` to have a method `warn`, got an object of class Object'],
  [{ exit: 0 }, 'Expected `exit` to be a function, got 0'],
  [{ timeout: 500 }, 'Unknown option `timeout`'],
  [null, 'Expected `options` to be an object, got null'],
])('refuses %j and installs nothing', (options, message) => {
  const before = process.listenerCount('SIGTERM') + process.listenerCount('uncaughtException');
  expect(() => gracefulShutdown(options as never)).toThrow(message);
  expect(() => gracefulShutdown(options as never)).toThrow(OptionError);
  expect(process.listenerCount('SIGTERM') + process.listenerCount('uncaughtException')).toBe(before);
});

it('refuses a server twice', () => {
  const server = createServer();
  const handle = gracefulShutdown({ ...quiet, servers: [server] });
  expect(() => handle.addServer(server)).toThrow('Expected `server` to be one that was not added before');
});

it('gives every caller the same report', async () => {
  const handle = gracefulShutdown(quiet);
  const [first, second] = await Promise.all([handle.shutdown('one'), handle.shutdown('two')]);
  expect(second).toBe(first);
  expect(first.reason).toBe('one');
});

it('aborts its signal with the reason, once it does not accept any more', async () => {
  const handle = gracefulShutdown(quiet);
  expect(handle.signal.aborted).toBe(false);
  await handle.shutdown('deploy');
  expect(handle.signal.reason).toBeInstanceOf(ShutdownError);
  expect(handle.signal.reason).toMatchObject({
    code: 'ERR_SHUTTING_DOWN',
    message: 'The process shuts down (deploy)',
  });
});

it('takes neither servers nor hooks once the cleanup has begun', async () => {
  const handle = gracefulShutdown(quiet);
  await handle.shutdown();
  expect(() => handle.addServer(createServer())).toThrow(expect.objectContaining({ code: 'ERR_TOO_LATE' }));
  expect(() => handle.onShutdown('late', () => {})).toThrow(
    expect.objectContaining({ code: 'ERR_TOO_LATE' }),
  );
});

it('shuts down at the end of its scope', async () => {
  const server = createServer();
  const before = process.listenerCount('SIGTERM');
  {
    await using handle = gracefulShutdown({ servers: [server] });
    expect(process.listenerCount('SIGTERM')).toBe(before + 1);
    expect(handle.state).toBe('running');
  }
  expect(process.listenerCount('SIGTERM')).toBe(before);
});

it('answers HEAD and GET of the health path in its own server', async () => {
  const handle = gracefulShutdown(quiet);
  const server = createServer(healthHandler(handle)).listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const address = server.address();
  const port = typeof address === 'object' ? address?.port : 0;
  const ask = async (method: string) => {
    const response = await fetch(`http://127.0.0.1:${port}/_health`, {
      method,
      headers: { connection: 'close' },
    });
    return [response.status, response.headers.get('cache-control'), await response.text()];
  };
  expect(await ask('GET')).toEqual([200, 'no-store', 'ok']);
  expect(await ask('HEAD')).toEqual([200, 'no-store', '']);
  await handle.shutdown();
  expect(await ask('GET')).toEqual([503, 'no-store', 'finished']);
  server.close();
});

it('leaves nothing behind that would keep the process alive', async () => {
  const fixture = fileURLToPath(new URL('fixtures/leaves-nothing.mjs', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [fixture], { timeout: 60_000 });
  expect(stdout).toBe('clean: true, ended by itself with 0\n');
});

it('ends through the given exit function, even if the logger throws', async () => {
  const logger = { info: fail, warn: fail, error: fail };
  function fail(): never {
    throw new Error('no space left');
  }
  const { promise, resolve } = withResolvers<number>();
  await using _handle = gracefulShutdown({
    signals: ['SIGUSR2'],
    handleCrashes: false,
    exit: resolve,
    logger,
  });
  process.kill(process.pid, 'SIGUSR2');
  expect(await promise).toBe(0);
});

function withResolvers<T>(): { promise: Promise<T>; resolve: (value: T) => void } {
  let resolve: (value: T) => void = () => {};
  const promise = new Promise<T>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

it('its signal may have a listener for each open stream, without a warning', async () => {
  await using child = new FixtureProcess('many-streams.mjs');
  const { code, output } = await child.ended;
  expect(output).toContain('heard by 50');
  expect(output).not.toContain('Warning');
  expect(code).toBe(0);
});
