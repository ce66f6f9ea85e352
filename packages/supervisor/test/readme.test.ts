import { readFileSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { Supervisor, type SupervisorOptions } from '@silly-face/supervisor';
import { freePort, waitUntil } from '@silly-face/testing';
import { Ajv } from 'ajv';
import { expect, test } from 'vitest';
import { ask } from './ask.ts';
import { runCommand, startCommand, type CommandResult } from './command-line.ts';
import { fixture } from './observe.ts';
import { survivors } from './processes.ts';
import { blocksOf, readme, readmeFolder, type ReadmeFolder } from './readme-folder.ts';

const packageRoot = new URL('../', import.meta.url);

test('README: two monitored children start, are asked, and end with the process', async () => {
  const ports = [await freePort(), await freePort()];
  const changes = new Map([
    ['31337', String(ports[0])],
    ['31338', String(ports[1])],
  ]);
  const folder = await readmeFolder(blocksOf('In a minute', 'js'), {
    changes,
    scripts: { 'party.mjs': fixture('line-server.mjs') },
  });
  const main = folder.start('main.mjs');
  // Healthy: it got the greeting, said RING and heard AHOY-HOY.
  const ready = (): string[] => main.stderr().match(/party\.mjs-\d+ \(\d+\): ready/g) ?? [];
  await waitUntil(() => ready().length === 2, { what: 'both children' });
  const pids = ready().map((line) => Number(/\((\d+)\)/.exec(line)?.[1]));
  main.process.kill('SIGKILL');
  await main.exited;
  expect(await survivors(pids)).toEqual([]);
});

test('README: a program of your own serves, mails what crashed, and stops', async () => {
  const { folder, port } = await application();
  const main = folder.start('main.mjs');
  const first = await served(port);
  process.kill(first, 'SIGKILL');
  await waitUntil(() => main.stderr().includes(`[${hostname()}] api crashed: `), { what: 'the mail' });
  expect(await served(port)).not.toBe(first);
  main.process.kill('SIGTERM');
  expect(await main.exited).toEqual([0, null]);
  expect(main.stdout()).toContain('migrate | the tables are up to date\n');
  expect(await readFile(join(folder.path, 'logs/migrate.log'), 'utf8')).toContain(
    'the tables are up to date',
  );
});

test('README: each command does what it is there for', async () => {
  const { folder, port } = await application();
  const { path: cwd, env } = folder;
  const [start = [], ...others] = commands();
  expect(start[0]).toBe('start');
  const supervisor = startCommand(start, { cwd, env });
  const first = await served(port);
  await waitUntil(() => supervisor.stderr().includes(': ready'), { what: 'the children to be ready' });
  const results: (CommandResult & { command: string; servedBy: number })[] = [];
  for (const args of others) {
    const servedBy = await served(port);
    results.push({ ...(await runCommand(args, { cwd, env })), command: args[0] ?? '', servedBy });
  }
  expect(results.map(({ command, code }) => `${command}: ${code}`)).toEqual([
    'status: 0',
    'reload: 0',
    'logs: 0',
    'stop: 0',
  ]);
  const [status, reload, logs] = results;
  expect(status?.stdout).toMatch(/^api +ready/m);
  expect(reload?.servedBy).toBe(first);
  expect(logs?.servedBy).not.toBe(first);
  expect(await supervisor.exited).toEqual([0, null]);
});

test('README: the configuration in JSON is one, for the schema and for the supervisor', () => {
  const [text = ''] = blocksOf('Several processes, one application', 'json');
  const { $schema, ...options } = JSON.parse(text) as SupervisorOptions & { $schema: string };
  expect($schema).toBe('./node_modules/@silly-face/supervisor/supervisor.schema.json');
  const ajv = new Ajv({ strict: true, allowUnionTypes: true });
  expect(ajv.validate(schema, options), ajv.errorsText()).toBe(true);
  const children = new Supervisor(options).status().map(({ name }) => name);
  expect(children).toEqual(['api-1', 'api-2']);
});

test('README: every block of code is one of those above', () => {
  const count = readme.match(/^```\w/gm)?.length;
  // The installation is the house tests'.
  expect(count).toBe(1 + 1 + 4);
});

test.each([
  ['a child', 'child'],
  ['the supervisor', undefined],
] as const)('README: every option of %s is there, with its default', (whose, definition) => {
  const { properties } = definition ? schema.definitions[definition] : schema;
  const [, section = ''] = readme.split(`\n### Options of ${whose}\n`);
  const documented = new Map(rowsOf(section.split('\n#', 1)[0] ?? ''));
  const keys = Object.keys(properties).filter((key) => key !== '$schema');
  expect([...documented.keys()]).toEqual(expect.arrayContaining([...keys, 'onChildExit']));
  const defaults = defaultsOf(properties);
  expect(defaults.length).toBeGreaterThan(1);
  expect(defaults.map(([key]) => [key, documented.get(key)])).toEqual(defaults);
});

test('README: the defaults of `restart` are those that the schema has', () => {
  const defaults = defaultsOf(schema.definitions.restart.properties);
  const written = defaults.map(([key]) => {
    const [, text = ''] = new RegExp(`\`${key}\` ([\\d .]+)`).exec(readme) ?? [];
    return [key, text.replaceAll(' ', '')];
  });
  expect(written).toEqual(defaults);
});

test.each([
  ['error', 'errors.ts', /^ {2}\| '([A-Z_]+)'/gm],
  ['event', 'events.ts', /^ {2}(\w+): \[\w+\];/gm],
  ['state', 'child/states.ts', /^ {2}'([a-z ]+)',$/gm],
])('README: every %s is there', (_what, file, pattern) => {
  const source = readFileSync(new URL(`src/${file}`, packageRoot), 'utf8');
  const names = [...source.matchAll(pattern)].map(([, name = '']) => name);
  expect(names.length).toBeGreaterThan(5);
  expect(names.filter((name) => !readme.includes(`\`${name}\``))).toEqual([]);
});

interface ObjectSchema {
  readonly properties: Readonly<Record<string, { readonly default?: unknown }>>;
}

const schema = JSON.parse(
  readFileSync(new URL('supervisor.schema.json', packageRoot), 'utf8'),
) as ObjectSchema & { readonly definitions: Readonly<Record<'child' | 'restart', ObjectSchema>> };

/** Those that a table can show. */
function defaultsOf(properties: ObjectSchema['properties']): [key: string, fallback: string][] {
  return Object.entries(properties).flatMap(([key, { default: fallback }]): [string, string][] => {
    const isPlain =
      typeof fallback === 'number' || typeof fallback === 'string' || typeof fallback === 'boolean';
    return isPlain ? [[key, String(fallback)]] : [];
  });
}

async function application(): Promise<{ folder: ReadmeFolder; port: number }> {
  const port = await freePort();
  const folder = await readmeFolder(blocksOf('Several processes, one application', 'js'), {
    changes: new Map([['8080', String(port)]]),
    scripts: { 'api.mjs': fixture('answering.mjs') },
  });
  return { folder, port };
}

/** `npx supervisor <words> # comment`, a line each. */
function commands(): string[][] {
  const [lines = ''] = blocksOf('Several processes, one application', 'sh');
  return [...lines.matchAll(/^npx supervisor ([^#\n]+)/gm)].map(([, words = '']) => words.trim().split(' '));
}

/** Which process answers, as soon as one does. */
async function served(port: number): Promise<number> {
  const answer = await waitUntil(async () => ask(port).catch(() => undefined), { what: 'an answer' });
  return Number(/^process (\d+)/.exec(answer)?.[1]);
}

/** Of a table whose first two columns are keys and their defaults, one or several a row. */
function rowsOf(section: string): [key: string, fallback: string][] {
  return section
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .flatMap((line) => {
      const [, keys = '', fallbacks = ''] = line.split(/(?<!\\)\|/);
      const each = fallbacks.split(', ');
      return [...keys.matchAll(/`(\w+)`/g)].map(([, key = ''], index): [string, string] => {
        return [key, (each[index] ?? '').replaceAll(/[`' ]/g, '')];
      });
    });
}
