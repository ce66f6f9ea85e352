import {
  callback,
  checkKeys,
  count,
  duration,
  flag,
  isNumber,
  isWhole,
  oneOf,
  rule,
  text,
  type Rule,
  type Rules,
} from '../options/rules.ts';
import type {
  ConsoleSinkOptions,
  FileSinkOptions,
  FunctionSinkOptions,
  LoggerSinkOptions,
  SinkLimits,
} from './sink-options.ts';

/** The rule of one sink. */
export const sinkRule: Rule = (value, path) => {
  if (typeof value !== 'object' || value === null) return checkKeys(value, path, {});
  const kind = (value as { type?: unknown }).type;
  type(kind, `${path}.type`);
  if (kind === 'file') checkKeys(value, path, fileRules, ['path']);
  else if (kind === 'logger') checkKeys(value, path, loggerRules, ['logger']);
  else if (kind === 'function') checkKeys(value, path, functionRules, ['onLine']);
  else checkKeys(value, path, consoleRules);
};

const type = oneOf('console', 'file', 'logger', 'function');

const limits: Rules<SinkLimits> = {
  maxBufferedBytes: count,
  whenFull: oneOf('wait', 'drop'),
  maxWaitMs: (value, path) => {
    if (value !== false) duration(value, path);
  },
};

const consoleRules: Rules<ConsoleSinkOptions> = { type, ...limits };

const fileRules: Rules<FileSinkOptions> = {
  type,
  ...limits,
  path: text,
  format: oneOf('raw', 'tagged', 'json'),
  maxBytes: count,
  maxAgeMs: rule('a positive number', (value) => isNumber(value) && value > 0),
  keep: rule('a non-negative integer', (value) => isWhole(value, 0)),
  compress: flag,
};

const loggerRules: Rules<LoggerSinkOptions> = {
  type,
  ...limits,
  logger: rule('a logger with the methods `info`, `warn` and `error`', isLogger),
  levels: (value, path) => checkKeys(value, path, { stdout: text, stderr: text }),
};

const functionRules: Rules<FunctionSinkOptions> = { type, ...limits, onLine: callback };

function isLogger(value: unknown): boolean {
  const logger = value as Record<string, unknown> | null | undefined;
  return ['info', 'warn', 'error'].every((method) => typeof logger?.[method] === 'function');
}
