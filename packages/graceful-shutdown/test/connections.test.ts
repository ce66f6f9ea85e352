// The matrix: kinds of connections × ends. Each row opens one connection in some state, then the shutdown begins.
import { openDescriptors, waitUntil } from '@silly-face/testing';
import { gracefulShutdown, type GracefulShutdownOptions } from '@silly-face/graceful-shutdown';
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
    expect(listeners(test)).toEqual(listenersBefore);
  };
  return { test, handle, opened, expectNothingLeft };
}

function listeners({ server }: TestServer): Record<string, number> {
  return Object.fromEntries(server.eventNames().map((event) => [String(event), server.listenerCount(event)]));
}

describe('a drain ends every kind of connection, and answers what it asked', () => {
  it.each(rows)('$server: $kind', async (row) => {
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

describe('the time limit ends what is stuck, and counts it', () => {
  it.each(rows.filter(({ cut }) => cut))('$server: $kind', async (row) => {
    const { handle, opened, expectNothingLeft } = await begin(row, { timeoutMs: 200 });
    const [report] = await Promise.all([handle.shutdown('test'), opened.ended]);
    expect(report).toMatchObject({ clean: false, forcedBy: 'time-limit', cut: row.cut });
    expectNothingLeft();
  });
});
