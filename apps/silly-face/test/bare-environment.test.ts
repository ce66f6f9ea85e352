import { readFileSync } from 'node:fs';
import { bareEnvironment } from '@silly-face/testing';
import { afterEach, expect, test, vi } from 'vitest';

afterEach(() => vi.unstubAllEnvs());

test('what a test starts is told nothing of what configures a backend', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const cells = readme.matchAll(/^\| (?<cell>`[A-Z][^|]+) \|/gm);
  const variables = [...cells].flatMap(({ groups }) => groups?.cell?.match(/[A-Z][A-Z0-9_]+/g) ?? []);
  expect(variables).toEqual(
    expect.arrayContaining(['HOST', 'REDIS_URL', 'S3_BUCKET', 'SMTP_URL', 'PARTY_PORT']),
  );
  for (const name of variables) vi.stubEnv(name, 'of somebody');
  const environment = bareEnvironment();
  expect(variables.filter((name) => name in environment)).toEqual([]);
  expect(environment.PATH).toBe(process.env.PATH);
});
