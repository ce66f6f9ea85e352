import { hostname } from 'node:os';
import { ConfigError } from '../config.ts';

/** Whom to tell of trouble, and how. */
export interface MailConfig {
  /** May hold a password. Without one, mails become files. */
  readonly smtpUrl: string | undefined;
  readonly to: string;
  readonly from: string;
  /** Whether a line on the standard error of one of our processes is trouble, too. */
  readonly onStderr: boolean;
  /** What happens again within this time comes as one mail at its end; then it is doubled. */
  readonly windowMs: number;
}

type Environment = Readonly<Record<string, string | undefined>>;

/**
 * SMTP_URL, MAIL_TO, MAIL_FROM, MAIL_ON_STDERR, MAIL_WINDOW_MS.
 *
 * @throws {ConfigError}
 */
export function readMailConfig(env: Environment): MailConfig {
  const smtpUrl = env['SMTP_URL'] || undefined;
  // The value is not repeated: it may hold a password.
  if (smtpUrl !== undefined && !isSmtpUrl(smtpUrl))
    throw new ConfigError('Expected SMTP_URL to be a URL that begins with smtp: or smtps:');
  if (smtpUrl !== undefined && !env['MAIL_TO'])
    throw new ConfigError('Expected MAIL_TO to say who gets the mails of SMTP_URL, and it is not set');
  return {
    smtpUrl,
    to: env['MAIL_TO'] || 'owner@localhost',
    from: env['MAIL_FROM'] || `Silly Face <silly-face@${hostname()}>`,
    onStderr: flag(env, 'MAIL_ON_STDERR'),
    windowMs: duration(env, 'MAIL_WINDOW_MS', 600_000),
  };
}

function isSmtpUrl(value: string): boolean {
  return URL.canParse(value) && ['smtp:', 'smtps:'].includes(new URL(value).protocol);
}

function flag(env: Environment, name: string): boolean {
  const value = env[name] || '0';
  if (value !== '0' && value !== '1') throw new ConfigError(`Expected ${name} to be 0 or 1, got ${value}`);
  return value === '1';
}

function duration(env: Environment, name: string, fallback: number): number {
  const value = env[name];
  if (!value) return fallback;
  // The longest that a timer knows is 2 ** 31 - 1, and the window is doubled.
  if (!/^\d+$/.test(value) || Number(value) < 1 || Number(value) > 86_400_000)
    throw new ConfigError(`Expected ${name} to be milliseconds from 1 to 86400000, got ${value}`);
  return Number(value);
}
