import { SupervisorError } from '../errors.ts';
import { checkKeys, count, flag, isObject, text, type Rule } from '../options/rules.ts';
import { didYouMean } from '../options/suggestion.ts';

/** What a client may ask for. `name` is that of a child, or of all its instances. */
export type ControlRequest =
  | { command: 'status' }
  | { command: 'metrics' }
  /** The last `lines`, then with `follow` those to come until the client leaves. */
  | { command: 'logs'; name?: string; lines?: number; follow?: boolean }
  | { command: 'reload' }
  | { command: 'restart'; name?: string }
  /** Without a name the whole supervisor. */
  | { command: 'stop'; name?: string }
  | { command: 'start'; name: string }
  | { command: 'scale'; name: string; count: number }
  | { command: 'reopen-logs' };

/** Throws `INVALID_REQUEST` for everything that is none. */
export function parseRequest(frame: string): ControlRequest {
  const request = parse(frame);
  const { command } = request;
  if (typeof command !== 'string' || !Object.hasOwn(rules, command)) {
    const meant = typeof command === 'string' ? didYouMean(command, Object.keys(rules)) : '';
    throw invalid(
      `Expected \`command\` to be one of ${Object.keys(rules).join(', ')}, got ${short(command)}${meant}`,
    );
  }
  const [required, keys] = rules[command as ControlRequest['command']];
  try {
    checkKeys(request, '', { command: text, ...keys }, required);
  } catch (error) {
    throw invalid(`${command}: ${(error as Error).message}`);
  }
  return request as ControlRequest;
}

type Commands = { [C in ControlRequest['command']]: Extract<ControlRequest, { command: C }> };
type KeyRules<C extends ControlRequest['command']> = Record<Exclude<keyof Commands[C], 'command'>, Rule>;

/** The keys that each command needs, and all that it may have. */
const rules: { [C in ControlRequest['command']]: [required: string[], keys: KeyRules<C>] } = {
  status: [[], {}],
  metrics: [[], {}],
  logs: [[], { name: text, lines: count, follow: flag }],
  reload: [[], {}],
  restart: [[], { name: text }],
  stop: [[], { name: text }],
  start: [['name'], { name: text }],
  scale: [['name', 'count'], { name: text, count }],
  'reopen-logs': [[], {}],
};

function parse(frame: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(frame);
  } catch (cause) {
    throw invalid(`Expected a line of JSON, got ${short(frame)}`, cause);
  }
  if (!isObject(value)) throw invalid(`Expected a JSON object, got ${short(value)}`);
  return value;
}

function short(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}

function invalid(message: string, cause?: unknown): SupervisorError {
  return new SupervisorError('INVALID_REQUEST', message, { cause });
}
