import { expect, test } from 'vitest';
import { STOP_MS } from '../../src/http/time-limits.ts';
import { deployFile } from './files.ts';

/** nginx, the API processes, an embedded Postgres: one after the other. */
const STOP_IN_A_ROW_MS = 12_000 + STOP_MS + 30_000;

test.each([
  ['silly-face.service', /^TimeoutStopSec=(\d+)$/m],
  ['compose.yaml', /stop_grace_period: (\d+)s/],
  ['kubernetes/backend.yaml', /terminationGracePeriodSeconds: (\d+)/],
  ['Dockerfile', /`docker stop` kills after ten seconds: give it (\d+)/],
])('%s leaves the backend the time for a stop that takes all of its own', (name, limit) => {
  const [, seconds] = limit.exec(deployFile(name)) ?? [];
  expect(Number(seconds) * 1000).toBeGreaterThan(STOP_IN_A_ROW_MS);
});
