/** What every error of a bot has: a stable `code`, and the request that it was about where there was one. */
export abstract class BotError extends Error {
  abstract readonly code: string;
  /** Method, path and what came back, e.g. `POST /rounds/7/guesses → 200`. */
  readonly request: string | undefined;

  constructor(message: string, options: { request?: string; cause?: unknown } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : undefined);
    this.request = options.request;
  }
}

/** The environment does not describe a bot that could play. */
export class ConfigError extends BotError {
  readonly code = 'config-invalid';
  static {
    this.prototype.name = 'ConfigError';
  }
}

/**
 * The service could not be asked just now: nobody listens, no answer in time, or 502, 503, 504, after all repeats. The bot
 * warns and tries again in the next scan. `condition` is the same for as long as the trouble is the same.
 */
export class ServiceTrouble extends BotError {
  readonly code = 'service-trouble';
  readonly condition: string;
  /** How long the service asked to be left alone. */
  readonly retryAfterMs: number;
  static {
    this.prototype.name = 'ServiceTrouble';
  }

  constructor(condition: string, options: { request: string; retryAfterMs?: number; cause?: unknown }) {
    super(condition, options);
    this.condition = condition;
    this.retryAfterMs = options.retryAfterMs ?? 0;
  }
}

/** The service refused with `application/problem+json`; `code` is the problem's own. */
export class Refused extends BotError {
  readonly code: string;
  readonly status: number;
  static {
    this.prototype.name = 'Refused';
  }

  constructor(
    problem: { code: string; title: string; detail?: string | undefined; status: number },
    request: string,
  ) {
    super(`refused as ${problem.code}: ${problem.detail ?? problem.title}`, { request });
    this.code = problem.code;
    this.status = problem.status;
  }
}

/** The answer is not what the contract says: `wrong-status`, `wrong-type`, `wrong-shape` or `wrong-problem`. */
export class WrongAnswer extends BotError {
  readonly code: 'wrong-status' | 'wrong-type' | 'wrong-shape' | 'wrong-problem';
  static {
    this.prototype.name = 'WrongAnswer';
  }

  constructor(code: WrongAnswer['code'], message: string, options: { request: string; cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** The answer has the right shape and says something that cannot be; `code` names the check, e.g. `monocles-fell`. */
export class ViolatedCheck extends BotError {
  readonly code: string;
  static {
    this.prototype.name = 'ViolatedCheck';
  }

  constructor(code: string, message: string, options: { request: string; cause?: unknown }) {
    super(message, options);
    this.code = code;
  }
}

/** A photo that cannot be decoded (`photo-unreadable`), or in which no marker can be read (`marker-missing`). */
export class PhotoError extends BotError {
  readonly code: 'photo-unreadable' | 'marker-missing';
  static {
    this.prototype.name = 'PhotoError';
  }

  constructor(code: PhotoError['code'], message: string, options: { cause?: unknown } = {}) {
    super(message, options);
    this.code = code;
  }
}

/** The bot was asked to stop and its time to finish the current move is over. */
export class Stopped extends BotError {
  readonly code = 'stopped';
  static {
    this.prototype.name = 'Stopped';
  }

  constructor() {
    super('The bot is stopping');
  }
}

/** An error and its causes on one line. */
export function describe(error: unknown): string {
  const causes: string[] = [];
  for (let at: unknown = error; at instanceof Error && causes.length < 8; at = at.cause) {
    // An AggregateError of a refused connection has an empty message and tells by its code alone.
    const code = 'code' in at && typeof at.code === 'string' ? ` (${at.code})` : '';
    causes.push(`${at.message || at.name}${code}`);
  }
  return (causes.length > 0 ? causes.join('; because: ') : String(error)).replaceAll(/\s*\n\s*/g, ' ');
}
