import { readmePrograms, runProgram } from '@silly-face/testing';
import { describe, expect, it } from 'vitest';
import { useDatabase } from './support/database.ts';

const database = useDatabase();
const packageRoot = new URL('../', import.meta.url);

describe('README', () => {
  it.each(readmePrograms(packageRoot))('$title prints what it says', async ({ code }) => {
    const result = await runProgram(packageRoot, code, {
      env: { DATABASE_URL: database.server.connectionString },
    });
    expect(result).toMatchObject({ exitCode: 0, signal: null, stderr: '' });
    for (const [, printed] of code.matchAll(/console\.log\(.*\/\/ (.+)$/gm)) {
      expect(result.stdout).toContain(printed);
    }
  });
});
