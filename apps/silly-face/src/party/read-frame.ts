import type { AuthFrame, ByeCode, ClientFrame } from './frames.ts';

/** How long the texts of a frame may be, in UTF-16 code units. */
export const TEXT_LENGTHS = {
  id: 64,
  room: 64,
  token: 256,
  resume: 256,
  text: 1_000,
  face: 64,
  photo: 256,
} as const;

/** What a client did wrong: the words of its BYE. */
export class Violation extends Error {
  static {
    this.prototype.name = 'Violation';
  }

  readonly code: ByeCode;

  constructor(code: ByeCode, reason: string) {
    super(reason);
    this.code = code;
  }
}

/**
 * One frame, with the fields that it may have and no others. On the path of every message: benchmark area `party`.
 *
 * @throws {Violation}
 */
export function readFrame(json: string): ClientFrame {
  const fields = parse(json);
  switch (fields['cmd']) {
    case 'CHAT':
      return { cmd: 'CHAT', id: text(fields, 'id'), text: text(fields, 'text') };
    case 'PONG':
    case 'PING':
    case 'RING':
      return { cmd: fields['cmd'] };
    case 'GUESS':
      return { cmd: 'GUESS', id: text(fields, 'id'), face: text(fields, 'face') };
    case 'SHOW': {
      const show = { cmd: 'SHOW', id: text(fields, 'id'), face: text(fields, 'face') } as const;
      return fields['photo'] === undefined ? show : { ...show, photo: text(fields, 'photo') };
    }
    case 'LEAVE':
      return { cmd: 'LEAVE', id: text(fields, 'id') };
    case 'AUTH':
      return readAuth(fields);
    default:
      if (typeof fields['cmd'] !== 'string') throw new Violation('bad-frame', 'Expected `cmd` to be a text');
      throw new Violation('unknown-cmd', `There is no command ${fields['cmd'].slice(0, SHOWN)}`);
  }
}

const SHOWN = 32;

type Fields = Readonly<Record<string, unknown>>;

function parse(json: string): Fields {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch {
    throw new Violation('not-json', 'Expected a JSON object in each line');
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Violation('bad-frame', 'Expected a JSON object');
  return value as Fields;
}

function readAuth(fields: Fields): AuthFrame {
  if (fields['token'] !== undefined) return { cmd: 'AUTH', token: text(fields, 'token') };
  const after = fields['after'];
  if (!Number.isSafeInteger(after) || (after as number) < 0)
    throw new Violation(
      'bad-frame',
      'Expected AUTH with `token`, or with `room`, `resume` and a number `after`',
    );
  return { cmd: 'AUTH', room: text(fields, 'room'), resume: text(fields, 'resume'), after: after as number };
}

function text(fields: Fields, name: keyof typeof TEXT_LENGTHS): string {
  const value = fields[name];
  if (typeof value !== 'string' || value.length === 0 || value.length > TEXT_LENGTHS[name])
    throw new Violation(
      'bad-frame',
      `Expected \`${name}\` to be a text of 1 to ${TEXT_LENGTHS[name]} characters`,
    );
  if (UNSTORABLE.test(value))
    throw new Violation('bad-frame', `Expected \`${name}\` without U+0000 and without half characters`);
  return value;
}

// PostgreSQL's jsonb refuses both, and with one such text all that is written with it.
const UNSTORABLE = /[\0\p{Surrogate}]/u;
