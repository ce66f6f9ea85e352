// The last moment: nothing that goes wrong there keeps the process, or lets it end as if all were well.
import { setTimeout as sleep } from 'node:timers/promises';
import { tellV8Flags } from '@silly-face/testing';
import { describe, expect, it } from 'vitest';
import { FixtureProcess } from './child.ts';

const start = (config: object) => FixtureProcess.start('exits.mjs', { stays: true, ...config });

it.each(['throws', 'rejects'])('ends, and not with 0, when the option `exit` %s', async (exit) => {
  await using child = await start({ exit });
  child.kill('SIGTERM');
  const { code, output } = await child.ended;
  expect(code).toBe(1);
  expect(output).toContain('The exit failed: Error: not out of this door');
});

it('ends by a later signal when the option `exit` did not end the process', async () => {
  await using child = await start({ exit: 'does nothing' });
  child.kill('SIGTERM');
  await child.prints('exit was called');
  // The rule under test is about time.
  await sleep(600);
  child.kill('SIGTERM');
  expect(await child.ended).toMatchObject({ code: 143 });
});

it("ends, and runs its hooks, when somebody else's listener of process 'exit' throws", async () => {
  await using child = await start({ listener: true });
  child.kill('SIGTERM');
  const { code, output } = await child.ended;
  expect(code).toBe(1);
  expect(output).toContain('the last hook ran');
});

it.each(['gracefulShutdown', 'terminate'])(
  '%s() calls a few times, and no more, a process.exit() that throws always, as in a test runner',
  async (by) => {
    await using child = await start({ by, replaced: true });
    child.kill('SIGTERM');
    const { code, output } = await child.ended;
    expect(code).toBe(7);
    expect(output.match(/process\.exit\(\) was called/g)?.length).toBeLessThanOrEqual(3);
  },
);

it("terminate() ends when a listener of process 'exit' throws", async () => {
  await using child = await start({ by: 'terminate', listener: true });
  child.kill('SIGTERM');
  expect(await child.ended).toMatchObject({ code: 1 });
});

it("a crash in process 'exit' of a process that ends by itself turns its exit code into 1", async () => {
  await using child = await start({ listener: true, stays: false });
  const { code, output } = await child.ended;
  expect(output).toContain('Crashed by uncaughtException: Error: not out of this door');
  expect(code).toBe(1);
});

describe.each([
  { by: ['gracefulShutdown', 'gracefulShutdown'] },
  { by: ['terminate', 'terminate'] },
  { by: ['gracefulShutdown', 'terminate'] },
  { by: ['terminate', 'gracefulShutdown'] },
])('several ends in one process, $by', ({ by }) => {
  it('wait for each other', async () => {
    await using child = await FixtureProcess.start('several.mjs', { by, options: { timeoutMs: 60_000 } });
    const { answer } = await child.request();
    child.kill('SIGTERM');
    await child.prints('SIGTERM');
    // Long after the first has ended.
    await sleep(300);
    child.send('release');
    expect(await answer).toBe('answered');
    expect(await child.ended).toMatchObject({ code: 0 });
  });

  it('exit with the code of the one that was not clean', async () => {
    await using child = await FixtureProcess.start('several.mjs', { by, options: { timeoutMs: 300 } });
    const { answer } = await child.request();
    child.kill('SIGTERM');
    expect(await answer).toContain('failed');
    expect(await child.ended).toMatchObject({ code: 143 });
  });
});

// Stated as what V8 is told: that a process hangs without it happens now and then, and on a busy machine only.
it('waits for no compiler in the background', async () => {
  await using child = await FixtureProcess.start('exits.mjs', { stays: true }, { NODE_OPTIONS: tellV8Flags });
  child.kill('SIGTERM');
  const { code, output } = await child.ended;
  expect(code).toBe(0);
  expect(output.match(/^V8 flags: .*$/gm)).toContain('V8 flags: --no-concurrent-sparkplug');
});
