import { setTimeout as sleep } from 'node:timers/promises';
import { signalTogether } from '@silly-face/testing';
import { expect, it } from 'vitest';
import { FixtureProcess } from './child.ts';

const start = (config: object) => FixtureProcess.start('server.mjs', config);

it.each(['SIGTERM', 'SIGINT'] as const)(
  'answers what is in flight at %s and exits with 0',
  async (signal) => {
    await using child = await start({
      options: {},
      hooks: [
        { name: 'first', does: 'logs' },
        { name: 'second', does: 'logs' },
      ],
    });
    const { answer } = await child.request();
    child.kill(signal);
    await child.prints(`Received ${signal}`);
    child.send('release');
    expect(await answer).toBe('answered');
    const { code, output } = await child.ended;
    expect(code).toBe(0);
    expect(output).toMatch(/hook first\nhook second\n/);
    expect(output).toContain(`Shutdown (${signal}) was clean`);
  },
);

it.each([
  ['SIGTERM', 143],
  ['SIGINT', 130],
] as const)('exits with 128 + n when the time limit after %s cut a request', async (signal, exitCode) => {
  await using child = await start({ options: { timeoutMs: 200 } });
  const { answer } = await child.request();
  child.kill(signal);
  expect(await answer).toContain('failed');
  const { code, output } = await child.ended;
  expect(code).toBe(exitCode);
  expect(output).toContain('connections cut: 1 with a request in flight');
});

it('takes a second signal within half a second for the same one', async () => {
  await using child = await start({ options: {} });
  const { answer } = await child.request();
  await signalTogether(child.pid, 'SIGINT', 'SIGTERM');
  await child.prints('Received');
  child.send('release');
  expect(await answer).toBe('answered');
  expect(await child.ended).toMatchObject({ code: 0, output: expect.not.stringContaining('again') });
});

it('ends at once when a second signal comes later, without its hooks', async () => {
  await using child = await start({ options: {}, hooks: [{ name: 'never', does: 'logs' }] });
  const { answer } = await child.request();
  child.kill('SIGTERM');
  await child.prints('Received SIGTERM');
  // The rule under test is about time.
  await sleep(600);
  child.kill('SIGINT');
  const { code, output } = await child.ended;
  expect(code).toBe(130);
  expect(output).toContain('hook "never" skipped');
  expect(await answer).toContain('failed');
});

it('says nothing and counts nothing of what it gets ready for a second signal', async () => {
  await using child = await start({ options: {} });
  await child.request();
  child.kill('SIGTERM');
  await child.prints('Received SIGTERM');
  await sleep(800);
  child.kill('SIGTERM');
  const { output } = await child.ended;
  const [, open = ''] = /still open: (.*)/.exec(output) ?? [];
  expect(open.split(', ').toSorted()).toEqual(['1 × PipeWrap', '1 × TCPSocketWrap']);
  // On a busy machine that may be one of the lines.
  const usual = output.replace(/\n  the event loop was blocked for \d+ ms/, '');
  expect(usual.replaceAll(/\d+ ms/g, 'n ms')).toBe(
    [
      'Received SIGTERM: no new connections, n ms for those in use',
      'Received SIGTERM again: ending at once',
      'Shutdown (SIGTERM) was not clean, n ms (drain n ms)',
      '  forced by a second signal',
      '  connections cut: 1 with a request in flight',
      '  such as: GET /',
      `  still open: ${open}`,
      '',
    ].join('\n'),
  );
});

it('does not wait for a hook that runs when the second signal comes', async () => {
  await using child = await start({
    options: {},
    hooks: [{ name: 'stuck', does: 'hangs', timeoutMs: 60_000 }],
  });
  child.kill('SIGTERM');
  await child.prints('Received SIGTERM');
  await sleep(600);
  child.kill('SIGTERM');
  expect(await child.ended).toMatchObject({
    code: 143,
    output: expect.stringContaining('hook "stuck" abandoned'),
  });
});

it.each([{ timeoutMs: 60_000 }, { timeoutMs: 200 }])(
  'exits with `forcedExitCode`, if given, when the end was forced: %j',
  async ({ timeoutMs }) => {
    await using child = await start({ options: { timeoutMs, forcedExitCode: 75 } });
    const { answer } = await child.request();
    child.kill('SIGTERM');
    await child.prints('Received SIGTERM');
    if (timeoutMs > 200) {
      await sleep(600);
      child.kill('SIGTERM');
    }
    expect(await answer).toContain('failed');
    expect(await child.ended).toMatchObject({ code: 75 });
  },
);

it('ends at once by a second signal also while the log is written', async () => {
  await using child = await start({ options: { flushTimeoutMs: 600_000 }, flush: 'hangs' });
  child.kill('SIGTERM');
  await child.prints('was clean');
  await sleep(600);
  child.kill('SIGTERM');
  expect(await child.ended).toMatchObject({ code: 143 });
});

it('names what was still open, and a blocked event loop, when the end was forced', async () => {
  const hooks = [
    { name: 'blocker', does: 'blocks', stage: 'signal' },
    { name: 'timer', does: 'keeps a timer', stage: 'signal' },
  ];
  await using child = await start({ options: { timeoutMs: 400 }, hooks });
  const { answer } = await child.request();
  child.kill('SIGTERM');
  await answer;
  const { output } = await child.ended;
  expect(output).toMatch(/still open: .*1 × Timeout/);
  expect(output).toMatch(/the event loop was blocked for \d+ ms/);
});

it.each(['SIGUSR2', 'SIGHUP'] as const)('takes %s when told so', async (signal) => {
  await using child = await start({ options: { signals: ['SIGTERM', 'SIGUSR2', 'SIGHUP', 'SIGBREAK'] } });
  child.kill(signal);
  expect(await child.ended).toMatchObject({
    code: 0,
    output: expect.stringContaining(`Shutdown (${signal}) was clean`),
  });
});

it('leaves alone the signals that it was not given', async () => {
  await using child = await start({ options: { signals: ['SIGTERM'] } });
  child.kill('SIGINT');
  expect(await child.ended).toMatchObject({ code: null, signal: 'SIGINT' });
});

it('names hooks that throw or hang, survives them and exits with 128 + n', async () => {
  const hooks = [
    { name: 'opened first', does: 'logs' },
    { name: 'broken', does: 'throws' },
    { name: 'stuck', does: 'hangs', timeoutMs: 50 },
  ];
  await using child = await start({ options: {}, hooks });
  child.kill('SIGTERM');
  const { code, output } = await child.ended;
  expect(code).toBe(143);
  expect(output).toMatch(/hook "stuck" timed-out after \d+ ms/);
  expect(output).toMatch(
    /hook "broken" failed after \d+ ms: Error: hook failed[^]*caused by: Error: disk full/,
  );
  expect(output).toContain('hook opened first');
});

it('gives back signals and crash events when disposed, and does not exit', async () => {
  await using child = await start({ options: {} });
  child.send('dispose');
  const told = { listeners: { SIGTERM: 0, SIGINT: 0, uncaughtException: 0, unhandledRejection: 0 } };
  await expect.poll(() => child.messages, { timeout: 30_000 }).toContainEqual(told);
  child.kill('SIGTERM');
  expect(await child.ended).toMatchObject({ code: null, signal: 'SIGTERM' });
});

it('tells the load balancer from the first signal on, while it still serves', async () => {
  await using child = await start({ options: { timeoutMs: 600_000, delayMs: 500_000 } });
  const health = async () => {
    const response = await fetch(`http://127.0.0.1:${child.port}/_health`);
    return [response.status, response.headers.get('connection'), await response.text()];
  };
  expect(await health()).toEqual([200, 'keep-alive', 'ok']);
  child.kill('SIGTERM');
  await child.prints('Received SIGTERM');
  expect(await health()).toEqual([503, 'close', 'lame-duck']);
  // On a new connection, too.
  const { answer } = await child.request();
  child.send('release');
  expect(await answer).toBe('answered');
});
