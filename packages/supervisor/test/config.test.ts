import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { waitUntil } from '@silly-face/testing';
import { expect, test } from 'vitest';
import { runCommand, startCommand } from './command-line.ts';
import { folderOfTheFile } from './temporary-folder.ts';

const folder = folderOfTheFile();

const runsTypeScript = Boolean((process.features as { typescript?: unknown }).typescript);

function write(name: string, text: string): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

/** What `start` says of a configuration that it does not take. */
async function refusal(name: string, text: string): Promise<string> {
  const { code, stderr } = await runCommand(['start', write(name, text)]);
  expect(code).toBe(1);
  return stderr;
}

test.each([
  ['{\n  "children": [\n', 3, 1, 'expected a value, but the file ends', ''],
  ['{\n  "children": [,]\n}', 2, 16, 'expected a value, got `,`', '  "children": [,]'],
  ['{\n  "children": [],\n}', 3, 1, 'expected a name in double quotes, got `}`', '}'],
  ["{ 'children': [] }", 1, 3, "expected a name in double quotes, got `'`", "{ 'children': [] }"],
  ['{ "children" [] }', 1, 14, 'expected `:`, got `[`', '{ "children" [] }'],
  [
    '{ "children": [] "sockets": {} }',
    1,
    18,
    'expected `,` or `}`, got `"sockets"`',
    '{ "children": [] "sockets": {} }',
  ],
  ['{\t"children": [ // none\n] }', 1, 17, 'expected a value, got `/`', '{\t"children": [ // none'],
  ['{ "children": tru }', 1, 15, 'expected a value, got `tru`', '{ "children": tru }'],
  ['{} {}', 1, 4, 'expected the end of the file, got `{`', '{} {}'],
  ['', 1, 1, 'expected a value, but the file ends', ''],
])('JSON that is none is shown where it is wrong: %j', async (text, line, column, message, code) => {
  const stderr = await refusal('wrong.json', text);
  const caret = `${code.slice(0, column - 1).replaceAll(/[^\t]/g, ' ')}^`;
  const file = join(folder, 'wrong.json');
  expect(stderr).toBe(
    `supervisor | Cannot load the configuration ${file}: ${message}\n  at ${file}:${line}:${column}\n\n    ${code}\n    ${caret}\n`,
  );
});

test.each([
  ['syntax.mjs', 'const children = [];\nexport default { children: [ };\n', 2, 30],
  ['syntax.cjs', 'const children = [];\nmodule.exports = { children: [ };\n', 2, 32],
  ['throws.mjs', 'const nobody = undefined;\nexport default { children: nobody.children };\n', 2, 35],
  ['nested.mjs', `import './syntax.mjs';\nexport default {};\n`, 2, 30, 'syntax.mjs'],
  ['missing.mjs', `import { nothing } from './other.mjs';\nexport default {};\n`, 1, 10],
])(
  'a module that does not load is shown where it is wrong: %s',
  async (name, text, line, column, culprit = name) => {
    write('other.mjs', 'export default 1;\n');
    const stderr = await refusal(name, text);
    expect(stderr).toContain(`Cannot load the configuration ${join(folder, name)}: `);
    expect(stderr).toContain(`\n  at ${join(folder, culprit)}:${line}:${column}\n`);
    expect(stderr).toMatch(/\n {4}[^\n]*[a-z{][^\n]*\n +\^\n$/);
  },
);

test('a module without a default export, and a file of another kind, are refused', async () => {
  expect(await refusal('named.mjs', 'export const children = [];')).toContain('it has no default export');
  expect(await refusal('config.yaml', 'children: []')).toContain(
    'expected a file that ends in .json, .js, .mjs',
  );
  const { code, stderr } = await runCommand(['start', join(folder, 'nowhere.json')]);
  expect([code, stderr]).toEqual([1, expect.stringContaining('ENOENT')]);
});

test('unknown keys are refused, with the one that was probably meant', async () => {
  expect(await refusal('a.json', '{ "childs": [] }')).toBe(
    'supervisor | Unknown option `childs`, did you mean `children`?\n',
  );
  const child = { name: 'it', command: 'true', stopTimeout: 3 };
  expect(await refusal('b.json', JSON.stringify({ children: [child] }))).toBe(
    'supervisor | Unknown option `children[0].stopTimeout`, did you mean `stopTimeoutMs`?\n',
  );
  expect(await refusal('c.json', '{ "zebra": 1 }')).toBe('supervisor | Unknown option `zebra`\n');
});

test('TypeScript runs where Node.js runs it, a mistake is shown where it is; elsewhere it is refused with what it needs', async () => {
  const file = write('config.ts', typed);
  const refused = `Cannot load the configuration ${file}: Node.js ${process.versions.node} does not run TypeScript: use 22.18 or later, or write it as .mjs or .json`;
  expect(await runCommand(['start', file])).toMatchObject(
    runsTypeScript
      ? { code: 0, stdout: 'typed | hello\n' }
      : { code: 1, stdout: '', stderr: `supervisor | ${refused}\n` },
  );
  const stderr = await refusal('wrong.ts', 'const a: number = 1;\nexport default { children: [ };\n');
  expect(stderr).toContain(
    runsTypeScript ? `\n  at ${join(folder, 'wrong.ts')}:2:` : 'does not run TypeScript',
  );
});

const typed = `const name: string = 'typed';
export default { children: [{ name, command: 'echo', args: ['hello'], task: true }] };
`;

test('`$schema` is for editors', async () => {
  const { code } = await runCommand([
    'start',
    write('schema.json', '{ "$schema": "./x.json", "children": [] }'),
  ]);
  expect(code).toBe(0);
});

const hasHooks = 'registerHooks' in (await import('node:module'));

test.each([
  ['mjs', (text: string) => `export default ${text};`, 'import args from "./fresh-args.mjs";\n', hasHooks],
  ['cjs', (text: string) => `module.exports = ${text};`, 'const args = require("./fresh-args.cjs");\n', true],
])(
  'SIGHUP reads a .%s configuration again, and what it imports where Node.js can',
  async (ending, exporting, importing, seesImports) => {
    const configure = (name: string): string =>
      write(
        `fresh.${ending}`,
        `${importing}${exporting(`{ children: [{ name: 'it', command: 'echo', args: ['${name}', ...args], task: true }, { name: 'stay', command: 'sleep', args: ['600'] }] }`)}`,
      );
    write(`fresh-args.${ending}`, exporting(`['old import']`));
    const run = startCommand(['start', configure('old file'), '--no-socket']);
    await waitUntil(() => run.stderr().includes('stay (') && run.stdout().includes('old file old import'), {
      what: 'the start',
    });
    write(`fresh-args.${ending}`, exporting(`['new import']`));
    configure('new file');
    run.process.kill('SIGHUP');
    const imported = seesImports ? 'new import' : 'old import';
    await waitUntil(() => run.stdout().includes(`new file ${imported}`), { what: 'the new options' });
    run.process.kill('SIGTERM');
    expect(await run.exited).toEqual([0, null]);
  },
);
