import { ConfigError } from './errors.ts';

/** One bot, as its environment describes it. */
export interface BotConfig {
  /** `BOT_NAME`: the account's name. Required. */
  name: string;
  /** `BOT_PASSWORD`: the account's password. Required. */
  password: string;
  /**
   * `BOT_OPPONENT`: another bot, which this one challenges when no round with it exists yet. Each of its photos must carry a
   * marker. @default undefined: waits to be challenged
   */
  opponent: string | undefined;
  /** `API_URL`: where the game is, without a path. @default http://127.0.0.1:8080 */
  apiUrl: URL;
  /** `BOT_SCAN_INTERVAL_MS`: from the end of a scan to the start of the next one. @default 30000 */
  scanIntervalMs: number;
}

/** Reads and checks the whole environment; an empty variable is one that is not given. @throws {ConfigError} which names everything that is wrong, not only the first */
export function readConfig(given: Readonly<Record<string, string | undefined>>): BotConfig {
  const environment = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== ''));
  const wrong: string[] = [];
  const expect = (holds: boolean, variable: string, expected: string, shown = true): void => {
    if (holds) return;
    const value = environment[variable];
    const got =
      value === undefined ? 'nothing' : shown ? JSON.stringify(value) : `${value.length} characters`;
    wrong.push(`Expected \`${variable}\` to be ${expected}, got ${got}`);
  };

  const isName = (value: string): boolean => /^[\w-]{3,20}$/.test(value);
  const { BOT_NAME: name = '', BOT_PASSWORD: password = '', BOT_OPPONENT: opponent } = environment;
  const { API_URL: url = 'http://127.0.0.1:8080', BOT_SCAN_INTERVAL_MS: interval = '30000' } = environment;
  expect(isName(name), 'BOT_NAME', 'a name of 3 to 20 letters, digits, - or _');
  expect(
    password.length >= 8 && password.length <= 128,
    'BOT_PASSWORD',
    'a password of 8 to 128 characters',
    false,
  );
  expect(
    opponent === undefined || isName(opponent),
    'BOT_OPPONENT',
    'a name of 3 to 20 letters, digits, - or _',
  );
  expect(opponent === undefined || opponent !== name, 'BOT_OPPONENT', 'another player than the bot itself');
  const apiUrl = URL.canParse(url) ? new URL(url) : undefined;
  expect(
    apiUrl !== undefined && isOrigin(apiUrl),
    'API_URL',
    'an http(s) URL without path, query or credentials',
  );
  const scanIntervalMs = Number(interval);
  // Longer than this, setTimeout would fire at once.
  const isInterval = Number.isInteger(scanIntervalMs) && scanIntervalMs > 0 && scanIntervalMs < 2 ** 31;
  expect(isInterval, 'BOT_SCAN_INTERVAL_MS', 'a positive whole number of milliseconds');

  if (wrong.length > 0 || apiUrl === undefined) throw new ConfigError(wrong.join('\n'));
  return { name, password, opponent, apiUrl, scanIntervalMs };
}

function isOrigin(url: URL): boolean {
  return ['http:', 'https:'].includes(url.protocol) && url.href === `${url.origin}/`;
}
