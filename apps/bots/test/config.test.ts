import { expect, test } from 'vitest';
import { readConfig } from '../src/config.ts';

const least = { BOT_NAME: 'Cosbybot', BOT_PASSWORD: 'pudding pops' };

test.each([{}, { BOT_OPPONENT: '', API_URL: '', BOT_SCAN_INTERVAL_MS: '' }])(
  'the name and the password are enough',
  (more) => {
    expect(readConfig({ ...least, ...more })).toEqual({
      name: 'Cosbybot',
      password: 'pudding pops',
      opponent: undefined,
      apiUrl: new URL('http://127.0.0.1:8080'),
      scanIntervalMs: 30_000,
    });
  },
);

test('everything that is wrong is named at once, without the password', () => {
  const environment = {
    BOT_NAME: 'C',
    BOT_PASSWORD: 'secret',
    BOT_OPPONENT: 'two words',
    API_URL: 'http://127.0.0.1:8080/api',
    BOT_SCAN_INTERVAL_MS: '-1',
  };
  expect(() => readConfig(environment)).toThrow(
    expect.objectContaining({
      name: 'ConfigError',
      code: 'config-invalid',
      message: [
        'Expected `BOT_NAME` to be a name of 3 to 20 letters, digits, - or _, got "C"',
        'Expected `BOT_PASSWORD` to be a password of 8 to 128 characters, got 6 characters',
        'Expected `BOT_OPPONENT` to be a name of 3 to 20 letters, digits, - or _, got "two words"',
        'Expected `API_URL` to be an http(s) URL without path, query or credentials, got "http://127.0.0.1:8080/api"',
        'Expected `BOT_SCAN_INTERVAL_MS` to be a positive whole number of milliseconds, got "-1"',
      ].join('\n'),
    }) as Error,
  );
});

test.each([
  ['BOT_NAME', undefined, 'got nothing'],
  ['BOT_OPPONENT', 'Cosbybot', 'another player than the bot itself'],
  ['API_URL', 'localhost', 'an http(s) URL'],
  ['API_URL', 'ftp://localhost', 'an http(s) URL'],
  ['API_URL', 'http://user:word@localhost', 'credentials'],
  ['BOT_SCAN_INTERVAL_MS', '1.5', 'a positive whole number'],
  ['BOT_PASSWORD', '', 'got nothing'],
  ['BOT_SCAN_INTERVAL_MS', '2147483648', 'a positive whole number'],
])('%s may not be %j', (variable, value, message) => {
  expect(() => readConfig({ ...least, [variable]: value })).toThrow(message);
});
