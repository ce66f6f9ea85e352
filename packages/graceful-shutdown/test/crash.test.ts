import { expect, it } from 'vitest';
import { FixtureProcess } from './child.ts';

const start = (config: object) => FixtureProcess.start('server.mjs', config);

it('logs a crash with its causes, answers what is in flight and exits with 1', async () => {
  await using child = await start({
    options: { crashTimeoutMs: 10_000 },
    hooks: [{ name: 'flush', does: 'logs' }],
  });
  const { answer } = await child.request();
  child.send('crash');
  await child.prints('the roof fell in');
  child.send('release');
  expect(await answer).toBe('answered');
  const { code, output } = await child.ended;
  expect(code).toBe(1);
  expect(output).toMatch(
    /Crashed by uncaughtException: Error: the roof fell in\n +at [^]*ERR_ROOF[^]*caused by: Error: rain/,
  );
  expect(output).toContain('hook flush');
});

it('logs a rejection that is not an error and exits with 1', async () => {
  await using child = await start({ options: {} });
  child.send('reject');
  const { code, output } = await child.ended;
  expect(code).toBe(1);
  expect(output).toContain("Crashed by unhandledRejection: 'not even an error' (thrown, but not an Error)");
});

it('does not wait longer than crashTimeoutMs, and skips the delay', async () => {
  await using child = await start({
    options: { crashTimeoutMs: 100, timeoutMs: 600_000, delayMs: 500_000 },
  });
  const { answer } = await child.request();
  child.send('crash');
  expect(await answer).toContain('failed');
  expect(await child.ended).toMatchObject({ code: 1, output: expect.stringContaining('connections cut: 1') });
});

it('a crash during the drain shortens it and turns the exit code into 1', async () => {
  await using child = await start({ options: { crashTimeoutMs: 100 } });
  const { answer } = await child.request();
  child.kill('SIGTERM');
  await child.prints('Received SIGTERM');
  child.send('crash');
  expect(await answer).toContain('failed');
  expect(await child.ended).toMatchObject({ code: 1, output: expect.stringContaining('the roof fell in') });
});

it('a crash inside a hook is logged, and the other hooks still run', async () => {
  const hooks = [
    { name: 'flush', does: 'logs' },
    { name: 'bomb', does: 'crashes', timeoutMs: 50 },
  ];
  await using child = await start({ options: {}, hooks });
  child.kill('SIGTERM');
  const { code, output } = await child.ended;
  expect(code).toBe(1);
  expect(output).toContain('crashed in a hook');
  expect(output).toContain('hook flush');
});

it('leaves crashes to Node when told so', async () => {
  await using child = await start({ options: { handleCrashes: false } });
  child.send('crash');
  expect(await child.ended).toMatchObject({ code: 1, output: expect.not.stringContaining('Crashed by') });
});

it('logs every member of an AggregateError, and a chain of causes that goes in a circle once', async () => {
  await using child = await start({ options: {} });
  child.send('crash with several');
  const { code, output } = await child.ended;
  expect(code).toBe(1);
  expect(output).toContain('AggregateError: all legs broke');
  expect(output).toContain('one of: Error: left leg');
  expect(output).toContain('caused by: Error: chases its tail (already shown)');
});

it('logs process warnings when told so', async () => {
  await using child = await start({ options: { handleWarnings: true } });
  child.send('warn');
  await child.prints('Process warning: RoofWarning: the roof creaks\n    at ');
  child.kill('SIGTERM');
  const { code, output } = await child.ended;
  expect(output).toContain("code: 'ROOF01', detail: 'in the attic' }");
  expect(code).toBe(0);
});

it('leaves process warnings to Node otherwise', async () => {
  await using child = await start({ options: {} });
  child.send('warn');
  await child.prints('[ROOF01] RoofWarning: the roof creaks');
  child.kill('SIGTERM');
  expect(await child.ended).toMatchObject({ output: expect.not.stringContaining('Process warning') });
});

it('says so when the log cannot be flushed, and exits all the same', async () => {
  await using child = await start({ options: {}, flush: 'fails' });
  child.send('crash');
  expect(await child.ended).toMatchObject({
    code: 1,
    output: expect.stringContaining('The logger could not be flushed: Error: no such log'),
  });
});

it.each(['throws', 'rejects', 'crashes'])(
  'survives a logger that %s, and its words go to stderr',
  async (how) => {
    await using child = new FixtureProcess('bad-logger.mjs', { how });
    const { code, output } = await child.ended;
    expect(output).toContain('the roof fell in');
    expect(code).toBe(1);
  },
);

it.each([
  'an error with a throwing stack',
  'an error with a throwing cause',
  'an error with a throwing field',
  'an error with a symbol as its message',
  'an AggregateError without members',
  'an object that refuses to be shown',
  'a proxy that throws',
  'a revoked proxy',
])('shuts down also after a crash by %s', async (kind) => {
  await using child = new FixtureProcess('odd-throws.mjs', { kind });
  const { code, output } = await child.ended;
  expect(output).toContain('Crashed by uncaughtException');
  expect(output).toContain('the hook ran');
  expect(code).toBe(1);
});
