// The last step of a build that keeps what is published small: what it leaves is the same program, for a reader too.
import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { root } from './workspaces.ts';

let project: string;

beforeEach(() => {
  project = mkdtempSync(join(tmpdir(), 'tighten-'));
  writeFileSync(join(project, 'package.json'), '{ "type": "module" }');
  mkdirSync(join(project, 'dist'));
});
afterEach(() => rmSync(project, { recursive: true, force: true }));

const file = (): string => join(project, 'dist/index.js');

function tighten(source: string): string {
  writeFileSync(file(), source);
  execFileSync(process.execPath, [join(root, 'scripts/tighten.mjs')], { cwd: project, stdio: 'pipe' });
  return readFileSync(file(), 'utf8');
}

test('statements and members keep a line and every name, comments go', () => {
  const source = `
    /** Counts. */
    export class Counter {
      #count = 0;
      step = 1;
      add(amount) {
        // Negative ones too.
        this.#count += amount * this.step;
        return this.#count;
      }
    }
  `;
  expect(tighten(source)).toBe(
    [
      'export class Counter{#count=0',
      'step=1',
      'add(amount){this.#count+=amount*this.step',
      'return this.#count}}',
      '',
    ].join('\n'),
  );
});

test('a line that would go on with the one before keeps its semicolon', () => {
  const source = `
    let turns = 0;
    const turn = () => turns++ < 3;
    const all = [];
    while (turn());
    [turns, 'more'].forEach((each) => all.push(each));
    if (all.length > 5) all.pop();
    (() => all.push('called'))();
    for (let at = 0; at < 2; at++) all.push(at);
    \`\${all.push('template')}\`;
    +all.push('sign');
    class Fields { static get = 1; static ['set'] = 2; }
    console.log(JSON.stringify([all, Fields.get, Fields.set]));
  `;
  tighten(source);
  const tight = execFileSync(process.execPath, [file()], { encoding: 'utf8' });
  writeFileSync(file(), source);
  expect(tight).toBe(execFileSync(process.execPath, [file()], { encoding: 'utf8' }));
});

test('a stack trace names the functions and the line of the statement', () => {
  tighten(`
    function outer() {
      const reason = 'broken';
      console.log(reason);
      inner(reason);
    }
    const inner = (reason) => { throw new Error(reason); };
    outer();
  `);
  const { stderr } = spawnSync(process.execPath, [file()], { encoding: 'utf8' });
  expect(stderr).toMatch(/at inner \(.*index\.js:\d+:\d+\)\n.*at outer \(.*index\.js:3:\d+\)/);
});

test('what is no JavaScript fails the build and stays as it is', () => {
  expect(() => tighten('const = 1;')).toThrow('dist/index.js could not be read');
  expect(readFileSync(file(), 'utf8')).toBe('const = 1;');
});
