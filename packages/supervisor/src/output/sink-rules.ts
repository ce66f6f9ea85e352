import type {
  ConsoleSinkOptions,
  FileSinkOptions,
  FunctionSinkOptions,
  LoggerSinkOptions,
  SinkLimits,
} from './sink-options.ts';

type Rule = (value: unknown, path: string) => void;
type Rules<T> = Record<keyof Required<T>, Rule>;

/** What makes rules of validation. */
export interface RuleMakers {
  readonly rule: (what: string, isRight: (value: unknown) => boolean) => Rule;
  readonly count: Rule;
  readonly duration: Rule;
  readonly flag: Rule;
  readonly text: Rule;
  readonly checkKeys: (
    value: unknown,
    path: string,
    rules: Record<string, Rule>,
    required: readonly string[],
  ) => void;
}

/** The rule of one sink. */
export function sinkRule({ rule, count, duration, flag, text, checkKeys }: RuleMakers): Rule {
  const limits: Rules<SinkLimits> = {
    maxBufferedBytes: count,
    whenFull: oneOf(rule, ['wait', 'drop']),
    maxWaitMs: (value, path) => {
      if (value !== false) duration(value, path);
    },
  };
  const type = oneOf(rule, ['console', 'file', 'logger', 'function']);
  const consoleRules: Rules<ConsoleSinkOptions> = { type, ...limits };
  const file: Rules<FileSinkOptions> = {
    type,
    ...limits,
    path: text,
    format: oneOf(rule, ['raw', 'tagged', 'json']),
    maxBytes: count,
    maxAgeMs: rule('a positive number', (value) => Number.isFinite(value) && Number(value) > 0),
    keep: rule('a non-negative integer', (value) => Number.isInteger(value) && Number(value) >= 0),
    compress: flag,
  };
  const levels = { stdout: text, stderr: text };
  const logger: Rules<LoggerSinkOptions> = {
    type,
    ...limits,
    logger: rule('a logger with the methods `info`, `warn` and `error`', isLogger),
    levels: (value, path) => checkKeys(value, path, levels, []),
  };
  const functionRules: Rules<FunctionSinkOptions> = {
    type,
    ...limits,
    onLine: rule('a function', (value) => typeof value === 'function'),
  };
  return (value, path) => {
    if (typeof value !== 'object' || value === null) return checkKeys(value, path, {}, []);
    const kind = (value as { type?: unknown }).type;
    type(kind, `${path}.type`);
    if (kind === 'file') checkKeys(value, path, file, ['path']);
    else if (kind === 'logger') checkKeys(value, path, logger, ['logger']);
    else if (kind === 'function') checkKeys(value, path, functionRules, ['onLine']);
    else checkKeys(value, path, consoleRules, []);
  };
}

function oneOf(rule: RuleMakers['rule'], names: readonly string[]): Rule {
  const listed = names.map((name) => `'${name}'`);
  const what = `${listed.slice(0, -1).join(', ')} or ${listed.at(-1)}`;
  return rule(what, (value) => names.includes(value as string));
}

function isLogger(value: unknown): boolean {
  const logger = value as Record<string, unknown> | null | undefined;
  return ['info', 'warn', 'error'].every((method) => typeof logger?.[method] === 'function');
}
