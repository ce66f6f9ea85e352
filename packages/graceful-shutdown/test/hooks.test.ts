import { createServer } from 'node:http';
import { once } from 'node:events';
import { waitUntil } from '@silly-face/testing';
import { gracefulShutdown, type HookContext } from '@silly-face/graceful-shutdown';
import { expect, it } from 'vitest';
import { FixtureProcess } from './child.ts';

const quiet = { signals: [], handleCrashes: false } as const;
const start = (config: object) => FixtureProcess.start('server.mjs', config);

it.each([
  ['', () => {}, {}, 'Expected `name` to be a non-empty string, got ""'],
  ['x', 'y', {}, 'Expected `hook` to be a function, got "y"'],
  ['x', () => {}, { limit: 1 }, 'Unknown option `limit`'],
  ['x', () => {}, { timeoutMs: 0 }, 'Expected `timeoutMs` to be a positive number, got 0'],
  ['x', () => {}, { stage: 'end' }, 'Expected `stage` to be one of signal, drained, exit, got "end"'],
  ['x', () => {}, { phase: Infinity }, 'Expected `phase` to be a finite number, got Infinity'],
])('refuses a hook %j, %j, %j', (name, hook, options, message) => {
  const handle = gracefulShutdown(quiet);
  expect(() => handle.onShutdown(name, hook as never, options as never)).toThrow(message);
});

it('runs phase after phase, the hooks of one phase at the same time, and reports each', async () => {
  const handle = gracefulShutdown(quiet);
  const events: string[] = [];
  const add = (name: string, phase?: number): (() => void) =>
    handle.onShutdown(
      name,
      async ({ reason, signal }) => {
        events.push(`${name} begins`);
        expect([handle.state, reason, signal.aborted]).toEqual(['cleaning-up', 'bye', false]);
        await new Promise((resolve) => setImmediate(resolve));
        events.push(`${name} ends`);
      },
      phase === undefined ? {} : { phase },
    );
  add('late', 1);
  add('one');
  add('other');
  add('early', -1);
  add('taken back')();
  const report = await handle.shutdown('bye');
  expect(events).toEqual([
    'early begins',
    'early ends',
    'one begins',
    'other begins',
    'one ends',
    'other ends',
    'late begins',
    'late ends',
  ]);
  expect(report.hooks.map(({ name, stage, outcome }) => [name, stage, outcome])).toEqual([
    ['early', 'drained', 'done'],
    ['one', 'drained', 'done'],
    ['other', 'drained', 'done'],
    ['late', 'drained', 'done'],
  ]);
});

it('goes on after a hook that fails and one that takes too long, whose signal aborts', async () => {
  const handle = gracefulShutdown(quiet);
  let reason: unknown;
  const hang = ({ signal }: HookContext): Promise<never> =>
    new Promise((_resolve, reject) => {
      signal.addEventListener('abort', () => {
        reason = signal.reason;
        reject(new Error('too late to matter'));
      });
    });
  handle.onShutdown('hangs', hang, { timeoutMs: 20 });
  handle.onShutdown('fails', () => Promise.reject(new Error('disk full')));
  handle.onShutdown('last', () => 'done', { phase: 1 });
  const report = await handle.shutdown();
  expect(report.clean).toBe(false);
  expect(report.hooks).toMatchObject([
    { name: 'hangs', outcome: 'timed-out', error: { code: 'ERR_HOOK_TIMEOUT' } },
    { name: 'fails', outcome: 'failed', error: { code: 'ERR_HOOK_FAILED', cause: { message: 'disk full' } } },
    { name: 'last', outcome: 'done' },
  ]);
  expect(reason).toBe(report.hooks[0]?.error);
});

it('accepts until the hooks of the stage `signal` have ended, then drains, then cleans up', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const handle = gracefulShutdown({ ...quiet, servers: [server] });
  const seen: unknown[] = [];
  const deregistered = withResolvers();
  handle.onShutdown('drained', () => void seen.push(['drained', handle.state, server.listening]));
  handle.onShutdown(
    'deregister',
    async () => {
      await deregistered.promise;
      seen.push(['signal', handle.state, server.listening]);
    },
    { stage: 'signal' },
  );
  const run = handle.shutdown();
  expect(handle.state).toBe('lame-duck');
  expect(() => handle.onShutdown('late', () => {}, { stage: 'signal' })).toThrow(
    'added while the shutdown is',
  );
  deregistered.resolve();
  expect((await run).clean).toBe(true);
  expect(seen).toEqual([
    ['signal', 'lame-duck', true],
    ['drained', 'cleaning-up', false],
  ]);
});

it('closes the listener at the time limit whatever the hooks of the stage `signal` do, and waits for them before the others', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const handle = gracefulShutdown({ ...quiet, servers: [server], timeoutMs: 50 });
  const order: string[] = [];
  const slow = async (): Promise<void> => {
    await waitUntil(() => !server.listening, { what: 'the listener to close' });
    order.push('slow');
  };
  handle.onShutdown('slow', slow, { stage: 'signal', timeoutMs: 60_000 });
  handle.onShutdown('pool', () => order.push('pool'));
  const report = await handle.shutdown();
  expect(order).toEqual(['slow', 'pool']);
  expect(report).toMatchObject({ clean: false, forcedBy: 'time-limit' });
});

it.each(['exits', 'exits later'])('survives a hook that %s, and names it', async (does) => {
  const hooks = [
    { name: 'rude', does },
    { name: 'polite', does: 'logs', phase: 1 },
  ];
  await using child = await start({ options: {}, hooks });
  child.kill('SIGTERM');
  const { code, output } = await child.ended;
  expect(output).toContain('Cleanup hook "rude" called process.exit(7)');
  expect(output).toContain('hook "rude" failed after');
  expect(output).toContain('hook polite');
  expect(output).not.toContain('Crashed');
  expect(code).toBe(143);
});

it('gives process.exit back', async () => {
  const currentExit = (): unknown => Reflect.get(process, 'exit');
  const before = currentExit();
  const handle = gracefulShutdown(quiet);
  let during: unknown;
  handle.onShutdown('looks', () => (during = currentExit()));
  await handle.shutdown();
  expect(during).not.toBe(before);
  expect(currentExit()).toBe(before);
});

it.each([
  ['crashes', 'uncaughtException', 'crashed in a hook'],
  ['rejects unheard', 'unhandledRejection', 'rejected in a hook'],
])('a hook that %s fails at once, by name, and the others still run', async (does, origin, message) => {
  const hooks = [
    { name: 'bomb', does, timeoutMs: 600_000 },
    { name: 'flush', does: 'logs', phase: 1 },
  ];
  await using child = await start({ options: { crashTimeoutMs: 600_000 }, hooks });
  child.kill('SIGTERM');
  const { code, output } = await child.ended;
  expect(output).toContain(`Crashed by ${origin} in hook "bomb": Error: ${message}`);
  expect(output).toContain(`${origin} in hook "bomb": Error: ${message}\n`);
  expect(output).toMatch(/hook "bomb" failed after \d+ ms/);
  expect(output).toContain('hook flush');
  expect(code).toBe(1);
});

it.each([
  { way: 'empty event loop', reason: 'beforeExit', exitCode: 5 },
  { way: 'empty event loop, slow hook', reason: 'beforeExit', exitCode: 0 },
  { way: 'shutdown()', reason: 'by hand', exitCode: 0 },
  { way: 'disposed', reason: 'disposed', exitCode: 0 },
])('runs every hook once, in order, at the end by: $way', async ({ way, reason, exitCode }) => {
  await using child = new FixtureProcess('ends-by-itself.mjs', { way, exitCode });
  const { code, output } = await child.ended;
  expect(output.match(/\w+ hook, .*/g)).toEqual([
    `signal hook, ${reason}`,
    `drained hook, ${reason}`,
    `exit hook, ${reason}`,
  ]);
  expect(code).toBe(exitCode);
});

it('runs the hooks of the stage `exit` when somebody else calls process.exit()', async () => {
  await using child = new FixtureProcess('ends-by-itself.mjs', { way: 'process.exit()', exitCode: 4 });
  expect(await child.ended).toMatchObject({ code: 4, output: 'exit hook, exit\n' });
});

it('names hooks of the stage `exit` that fail, runs the others, and does not exit with 0', async () => {
  await using child = new FixtureProcess('ends-by-itself.mjs', { way: 'exit hooks that fail' });
  const { code, output } = await child.ended;
  expect(output).toMatch(/Cleanup hook "promising" failed[^]*It returned a promise/);
  expect(output).toMatch(/Cleanup hook "throwing" failed[^]*no such file/);
  expect(output).toContain('Cleanup hook "exiting" called process.exit(9)');
  expect(output).toContain('last exit hook');
  expect(code).toBe(1);
});

it('tells in the report what took how long', async () => {
  const hooks = [
    { name: 'slow', does: 'blocks' },
    { name: 'quick', does: 'logs' },
  ];
  await using child = await start({ options: { delayMs: 50 }, hooks });
  child.kill('SIGTERM');
  const { output } = await child.ended;
  expect(output).toMatch(/was clean, \d+ ms \(lame duck \d+ ms,.* hooks \d+ ms\)/);
  expect(output).toMatch(/hook "slow" done after \d{3,} ms/);
});

function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => {};
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}
