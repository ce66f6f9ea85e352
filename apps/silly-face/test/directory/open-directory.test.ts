import { describe, expect, it } from 'vitest';
import { openDirectory } from '../../src/directory/open-directory.ts';

const DATABASE_URL = 'postgres://localhost/game';

describe('a directory is opened', () => {
  it.each([
    [{}, 'Expected the environment variable DATABASE_URL, and it is not set'],
    [
      { DATABASE_URL: 'mysql://root:hunter2@db' },
      'Expected DATABASE_URL to be a URL that begins with postgres:',
    ],
  ])('only where its configuration says where: %j', (environment, message) => {
    expect(() => openDirectory(environment)).toThrow(
      expect.objectContaining({ name: 'ConfigError', message: expect.stringContaining(message) }),
    );
  });

  it.each([{ leaseMs: 0 }, { leaseMs: 1.5 }, { answerMs: -1 }, { answerMs: Infinity }, { answerMs: NaN }])(
    'only with limits that are numbers of milliseconds, not with %j',
    (options) => {
      const [name = ''] = Object.keys(options);
      expect(() => openDirectory({ DATABASE_URL }, options)).toThrow(
        `Expected \`${name}\` to be a positive integer`,
      );
    },
  );
});
