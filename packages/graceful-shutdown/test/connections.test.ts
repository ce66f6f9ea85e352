// The matrix: kinds of connections × ends. Each row opens one connection in some state, then the shutdown begins.
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { openDescriptors, waitUntil } from '@silly-face/testing';
import {
  type CutConnections,
  gracefulShutdown,
  type GracefulShutdownOptions,
} from '@silly-face/graceful-shutdown';
import { describe, expect, it } from 'vitest';
import { http1Rows } from './connection-kinds/http1.ts';
import { http2Rows } from './connection-kinds/http2.ts';
import { otherRows } from './connection-kinds/others.ts';
import type { Row } from './connection-kinds/row.ts';
import { startServer, type TestServer } from './server-kinds.ts';

const rows = [...http1Rows, ...http2Rows, ...otherRows];

async function begin(row: Row, options: GracefulShutdownOptions) {
  const test = await startServer(row.server, () => handle.signal);
  const listenersBefore = listeners(test);
  const handle = gracefulShutdown({ servers: [test.server], signals: [], handleCrashes: false, ...options });
  const opened = await row.open(test);
  const expectNothingLeft = (): void => {
    expect(test.server.listening).toBe(false);
    expect(test.path !== undefined && existsSync(test.path)).toBe(false);
    expect(listeners(test)).toEqual(listenersBefore);
  };
  return { test, handle, opened, expectNothingLeft };
}

function listeners({ server }: TestServer): Record<string, number> {
  return Object.fromEntries(server.eventNames().map((event) => [String(event), server.listenerCount(event)]));
}

describe('a drain ends every kind of connection, and answers what it asked', () => {
  it.each(rows.filter(({ stuck }) => !stuck))('$server: $kind', async (row) => {
    const descriptors = openDescriptors();
    const limitMs = row.patient ? 10_000 : 60;
    const { test, handle, opened, expectNothingLeft } = await begin(row, {
      headTimeoutMs: limitMs,
      idleGraceMs: limitMs,
    });
    const run = handle.shutdown('test');
    expect(handle.state).toBe('draining');
    await opened.meanwhile?.();
    test.release();
    await opened.afterwards?.();
    const [report, received] = await Promise.all([run, opened.ended]);
    expect(received).toMatch(row.answer);
    expect(report).toMatchObject({
      reason: 'test',
      clean: true,
      cut: { requests: 0, upgraded: 0, http2Sessions: 0, raw: 0 },
    });
    expect(handle.state).toBe('finished');
    expectNothingLeft();
    await waitUntil(() => openDescriptors() <= descriptors, { what: 'all descriptors to be closed' });
  });
});

describe('disposing drains as well', () => {
  it.each(rows.filter(({ stuck }) => !stuck))('$server: $kind', async (row) => {
    const limitMs = row.patient ? 10_000 : 60;
    const { test, handle, opened, expectNothingLeft } = await begin(row, {
      headTimeoutMs: limitMs,
      idleGraceMs: limitMs,
    });
    const disposed = handle[Symbol.asyncDispose]();
    await opened.meanwhile?.();
    test.release();
    await opened.afterwards?.();
    const [received] = await Promise.all([opened.ended, disposed]);
    expect(received).toMatch(row.answer);
    expectNothingLeft();
  });
});

describe('the time limit ends what is stuck, and counts it', () => {
  it.each(rows.filter(({ cut }) => cut))('$server: $kind', async (row) => {
    const { handle, opened, expectNothingLeft } = await begin(row, { timeoutMs: 200 });
    const report = await handle.shutdown('test');
    opened.read?.();
    await opened.ended;
    expect(report).toMatchObject({ clean: false, forcedBy: 'time-limit', cut: row.cut });
    expect(report.cutRequests.length).toBe(row.cut?.requests ?? 0);
    expectNothingLeft();
  });
});

it('a second signal ends all of them at once, and counts each', async () => {
  const descriptors = openDescriptors();
  const stuck = rows.filter(({ cut }) => cut);
  let exitCode = 0;
  const handle = gracefulShutdown({
    signals: ['SIGUSR2'],
    handleCrashes: false,
    logger: { info() {}, warn() {}, error() {} },
    exit: (code) => (exitCode = code),
  });
  const opened = await Promise.all(
    stuck.map(async (row) => {
      const test = await startServer(row.server, () => handle.signal);
      handle.addServer(test.server);
      return row.open(test);
    }),
  );
  process.kill(process.pid, 'SIGUSR2');
  await once(handle.signal, 'abort');
  // Within half a second it would be the same one.
  await sleep(600);
  process.kill(process.pid, 'SIGUSR2');
  await waitUntil(() => exitCode > 0, { what: 'the exit' });
  const { cut, cutRequests, forcedBy } = await handle.shutdown();
  expect([exitCode, forcedBy]).toEqual([128 + constants.signals.SIGUSR2, 'signal']);
  const count = (kind: keyof CutConnections): number =>
    stuck.reduce((sum, row) => sum + (row.cut?.[kind] ?? 0), 0);
  expect(cut).toEqual({
    requests: count('requests'),
    upgraded: count('upgraded'),
    http2Sessions: count('http2Sessions'),
    raw: 0,
  });
  expect(cutRequests.length).toBe(10);
  for (const one of opened) one.read?.();
  await Promise.all(opened.map(({ ended }) => ended));
  await handle[Symbol.asyncDispose]();
  await waitUntil(() => openDescriptors() <= descriptors, { what: 'all descriptors to be closed' });
});
