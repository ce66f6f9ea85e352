// What is no proper request, whatever the game stands at. What the rules forbid is in bad-moves.test.ts.
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { connect } from 'node:net';
import { afterAll, describe, expect, it } from 'vitest';
import { type Answer, ask, form, newAccount, newPlayer } from './client.ts';
import { type Refusal, testRefusals } from './refusals.ts';
import { startRig } from './rig.ts';

const rig = await startRig();
afterAll(() => rig[Symbol.asyncDispose]());
const anna = await newPlayer(rig);
const carla = await newAccount(rig.url, 'carla');

const post = (path: string, json: unknown, options = {}): Promise<Answer> =>
  ask(rig.url, 'POST', path, { json, ...options });

const cursorOf = (last: string): string => Buffer.from(last).toString('base64url');

const refusals: Refusal[] = [
  ['a route that is not there', 404, 'route-not-found', () => ask(rig.url, 'GET', '/nothing')],
  ['a POST to a route that is not there', 404, 'route-not-found', () => post('/nothing', {}, { key: null })],
  [
    'a page of the documentation that is not there',
    404,
    'route-not-found',
    () => ask(rig.url, 'GET', '/docs/x'),
  ],
  ['a path that cannot be decoded', 400, 'bad-request', () => ask(rig.url, 'GET', '/rounds/%zz')],
  ['an id beyond all lengths', 404, 'route-not-found', () => anna.get(`/rounds/${'x'.repeat(200)}`)],
  [
    'a body that is no JSON',
    400,
    'malformed-json',
    () => post('/accounts', undefined, { body: '{', headers: { 'content-type': 'application/json' } }),
  ],
  [
    'an empty JSON body',
    400,
    'malformed-json',
    () => post('/accounts', undefined, { headers: { 'content-type': 'application/json' } }),
  ],
  ['no body', 400, 'validation-failed', () => post('/accounts', undefined)],
  [
    'a body of another type',
    415,
    'unsupported-media-type',
    () => post('/accounts', undefined, { body: 'name=x', headers: { 'content-type': 'text/plain' } }),
  ],
  [
    'a form where JSON belongs',
    415,
    'unsupported-media-type',
    () => post('/accounts', undefined, { body: form({ name: 'x' }) }),
  ],
  [
    'a JSON body that is too large',
    413,
    'body-too-large',
    () => post('/accounts', { name: 'x'.repeat(20_000) }),
  ],
  [
    'a poisoned prototype',
    400,
    'malformed-json',
    () =>
      post('/accounts', undefined, {
        body: '{"__proto__":{}}',
        headers: { 'content-type': 'application/json' },
      }),
  ],

  [
    'no Idempotency-Key',
    400,
    'idempotency-key-missing',
    () => post('/accounts', { name: 'dora', password: 'long enough' }, { key: null }),
  ],
  [
    'an Idempotency-Key with a blank',
    400,
    'idempotency-key-invalid',
    () => post('/accounts', { name: 'dora', password: 'long enough' }, { key: 'a b' }),
  ],
  [
    'an Idempotency-Key that is too long',
    400,
    'idempotency-key-invalid',
    () => post('/accounts', { name: 'dora', password: 'long enough' }, { key: 'k'.repeat(256) }),
  ],

  [
    'a name that is too short',
    400,
    'validation-failed',
    () => post('/accounts', { name: 'ab', password: 'long enough' }),
  ],
  [
    'a name with other characters',
    400,
    'validation-failed',
    () => post('/accounts', { name: 'a\0b', password: 'long enough' }),
  ],
  [
    'a password that is too short',
    400,
    'validation-failed',
    () => post('/accounts', { name: 'dora', password: 'short' }),
  ],
  [
    'a password that is too long',
    400,
    'validation-failed',
    () => post('/accounts', { name: 'dora', password: 'x'.repeat(129) }),
  ],
  [
    'a field that nobody knows',
    400,
    'validation-failed',
    () => post('/accounts', { name: 'dora', password: 'long enough', monocles: 100 }),
  ],
  ['a taken name', 409, 'name-taken', () => post('/accounts', { name: anna.name, password: 'long enough' })],
  [
    'a taken name in other case',
    409,
    'name-taken',
    () => post('/accounts', { name: anna.name.toUpperCase(), password: 'long enough' }),
  ],

  [
    'a wrong password',
    401,
    'wrong-credentials',
    () => post('/sessions', { name: carla.name, password: 'not the one' }),
  ],
  [
    'a name that nobody has',
    401,
    'wrong-credentials',
    () => post('/sessions', { name: 'nobody', password: 'not the one' }),
  ],
  ['no session', 401, 'not-logged-in', () => ask(rig.url, 'GET', '/me')],
  ['an unknown token', 401, 'not-logged-in', () => ask(rig.url, 'GET', '/me', { token: 'x'.repeat(43) })],
  [
    'an odd Authorization header',
    401,
    'not-logged-in',
    () => ask(rig.url, 'GET', '/me', { headers: { authorization: 'Basic eA==' } }),
  ],
  ['a log-out without a session', 401, 'not-logged-in', () => ask(rig.url, 'DELETE', '/sessions/current')],

  ['a limit of no players', 400, 'validation-failed', () => anna.get('/players?limit=0')],
  ['a cursor that was never given out', 400, 'validation-failed', () => anna.get('/players?cursor=AAAA')],
  ['a limit of no rounds', 400, 'validation-failed', () => anna.get('/me?limit=0')],
  ['a limit of too many rounds', 400, 'validation-failed', () => anna.get('/me?limit=101')],
  ['a limit that is no number', 400, 'validation-failed', () => anna.get('/me?limit=all')],
  ['a cursor of no rounds', 400, 'validation-failed', () => anna.get('/me?cursor=AAAA')],
  ['a cursor of the lobby', 400, 'validation-failed', () => anna.get(`/me?cursor=${cursorOf(anna.name)}`)],
  [
    'a cursor beyond all times',
    400,
    'validation-failed',
    () => anna.get(`/me?cursor=${cursorOf(`${'9'.repeat(17)} ${randomUUID()}`)}`),
  ],
];

describe('refuses and changes nothing:', () => {
  testRefusals(rig, refusals);

  it('every POST without an Idempotency-Key', async () => {
    const { body: document } = await ask(rig.url, 'GET', '/openapi.json');
    const paths = Object.entries(document.paths as Record<string, object>).flatMap(([path, methods]) =>
      'post' in methods ? [path.replace('{id}', randomUUID())] : [],
    );
    expect(paths.length).toBeGreaterThan(5);
    const before = await rig.everything();
    for (const path of paths) {
      const answer = await anna.post(path, {}, { key: null });
      expect([path, answer.status, answer.body.code]).toEqual([path, 400, 'idempotency-key-missing']);
    }
    expect(await rig.everything()).toEqual(before);
  });

  it('what is too long to be said again in full', async () => {
    const long = 'x'.repeat(3000);
    for (const answer of [
      await ask(rig.url, 'GET', `/${long}`),
      await ask(rig.url, 'GET', `/rounds/%zz${long}`),
      await post('/accounts', { name: 'dora', password: 'long enough', [long]: 1 }),
    ]) {
      expect(answer.status).toBeGreaterThanOrEqual(400);
      expect(JSON.stringify(answer.body).length).toBeLessThan(1000);
    }
  });

  it('a validation that failed names each field', async () => {
    const { body } = await post('/accounts', { name: 'ab', password: 'short' });
    expect(body.errors.map(({ pointer }: { pointer: string }) => pointer)).toEqual(['/name', '/password']);
  });
});

describe('what is not as HTTP wants it', () => {
  it.each([
    ['no Host', 'GET /me HTTP/1.1\r\nConnection: close\r\n\r\n', 400, 'host-missing'],
    [
      'an expectation that nobody can meet',
      'POST /accounts HTTP/1.1\r\nHost: x\r\nExpect: foo\r\nContent-Length: 0\r\nConnection: close\r\n\r\n',
      417,
      'expectation-failed',
    ],
    ['no HTTP', 'HELLO\r\n\r\n', 400, 'malformed-http'],
    [
      'headers without end',
      `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(70_000)}\r\n\r\n`,
      431,
      'headers-too-large',
    ],
  ])('is a problem as well: %s', async (_, sent, status, code) => {
    const socket = connect(Number(new URL(rig.url).port), '127.0.0.1');
    socket.on('error', () => {}); // It may end while we send.
    let answer = '';
    socket.setEncoding('utf8').on('data', (text: string) => (answer += text));
    socket.write(sent);
    await once(socket, 'close');
    expect(answer).toContain(`HTTP/1.1 ${status} `);
    expect(answer).toContain('application/problem+json');
    expect(answer).toContain(`"code":"${code}"`);
  });
});
