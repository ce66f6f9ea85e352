import { readFileSync } from 'node:fs';
import { Supervisor, SupervisorError } from '@silly-face/supervisor';
import { Ajv } from 'ajv';
import { expect, test } from 'vitest';

const packageRoot = new URL('../', import.meta.url);

interface ObjectSchema {
  readonly properties: Readonly<Record<string, object>>;
}

const schema = JSON.parse(
  readFileSync(new URL('supervisor.schema.json', packageRoot), 'utf8'),
) as ObjectSchema & {
  readonly definitions: Readonly<Record<'child' | 'socket' | 'restart', ObjectSchema>>;
};
const ajv = new Ajv({ strict: true, allowUnionTypes: true }).addSchema(schema, 'supervisor');

/** What JSON cannot say. */
const onlyInModules = new Set(['configure', 'onChildExit', 'onAlert']);

/** Each part of the options: the interface that documents it, and options with one of its keys set to something. */
const parts: [string, string, ObjectSchema, (key: string, value: unknown) => object][] = [
  ['SupervisorOptions', '', schema, (key, value) => ({ [key]: value })],
  [
    'ChildOptions',
    '/definitions/child',
    schema.definitions.child,
    (key, value) => ({ children: [{ name: 'it', script: 'it.js', [key]: value }] }),
  ],
  [
    'SocketOptions',
    '/definitions/socket',
    schema.definitions.socket,
    (key, value) => ({ sockets: { a: { [key]: value } } }),
  ],
  [
    'RestartOptions',
    '/definitions/restart',
    schema.definitions.restart,
    (key, value) => ({ children: [{ name: 'it', restart: { [key]: value } }] }),
  ],
];

test.each(parts)(
  'the schema has every key of %s that JSON can say, and no other',
  (name, _where, { properties }) => {
    const source = readFileSync(new URL('src/options/options.ts', packageRoot), 'utf8');
    const [, body = ''] = new RegExp(`export interface ${name} \\{\n([^]*?)\n\\}`).exec(source) ?? [];
    const keys = [...body.matchAll(/^ {2}(\w+)\??:/gm)].map(([, key]) => key ?? '');
    expect(keys.length).toBeGreaterThan(2);
    const known = Object.keys(properties).filter((key) => key !== '$schema');
    expect(known.toSorted()).toEqual(keys.filter((key) => !onlyInModules.has(key)).toSorted());
  },
);

const samples = [
  null,
  true,
  false,
  0,
  1,
  2,
  -1,
  0.5,
  1.5,
  100,
  65_535,
  65_536,
  2 ** 31 - 1,
  2 ** 31,
  '',
  'x',
  'a b',
  'SIGTERM',
  'message',
  'listening',
  'notify',
  'health-check',
  'spawn',
  'overlap',
  'none',
  [],
  {},
  ['x'],
  [''],
  [1],
  [{}],
  { a: 'x' },
  { a: 1 },
  { a: {} },
  { 'a b': {} },
  { type: 'console' },
  [{ type: 'console' }],
  [{ type: 'file', path: 'x' }],
  { port: 0 },
  { type: 'http' },
  { type: 'http', path: 'x' },
  { type: 'http', status: [200, 399], body: { pattern: 'ok' } },
  { type: 'tcp', send: 'x' },
  { type: 'line', send: 'RING', expect: 'AHOY-HOY' },
  { type: 'line', greeting: { json: { cmd: 'PLSAUTH' } }, steps: [{ send: { json: 1 } }] },
  { type: 'line', send: 'two\nlines' },
  { jitter: 0 },
  { jitter: 2 },
  ['SIGTERM'],
  ['TERM'],
  [{ name: 'x' }],
];

const cases = parts.flatMap(([name, where, { properties }, options]) =>
  Object.keys(properties)
    .filter((key) => key !== '$schema')
    .map((key) => ({ name, key, where: `supervisor#${where}/properties/${key}`, options })),
);

test.each(cases)(
  'the schema takes for $key of $name what the supervisor takes',
  ({ key, where, options }) => {
    const validate = ajv.getSchema(where);
    expect(validate).toBeDefined();
    for (const value of samples) {
      expect({ key, value, isValid: validate?.(value) }).toEqual({
        key,
        value,
        isValid: isTaken(options(key, value)),
      });
    }
  },
);

/** By the rules for one key alone: what several keys mean together is not the schema's to say. */
function isTaken(options: object): boolean {
  try {
    void new Supervisor(options);
    return true;
  } catch (error) {
    if (!(error instanceof SupervisorError)) throw error;
    return !/^(?:Expected `(?!sockets\.\w+` to have|(?:listen|ownSockets\.\w+)` of child "it" to have)|Expected `the name of|Unknown option)/.test(
      error.message,
    );
  }
}

test('the schema takes a whole configuration, and no unknown key', () => {
  const validate = ajv.getSchema('supervisor');
  const child = { name: 'api', script: 'api.js', sockets: ['web'], restart: { jitter: 0 } };
  const options = { $schema: 'x', sockets: { web: { port: 80 } }, children: [child] };
  expect(validate?.(options)).toBe(true);
  expect(validate?.({ ...options, childs: [] })).toBe(false);
  expect(validate?.({ ...options, children: [{ ...child, restart: { often: true } }] })).toBe(false);
  expect(validate?.({ ...options, children: [{ script: 'x' }] })).toBe(false);
});
