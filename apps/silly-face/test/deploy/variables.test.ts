import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { composeFile, containers, deployFile } from './files.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** What the files in `deploy` tell the backend. */
function told(): string[] {
  const compose = Object.keys(composeFile().services['backend']?.environment ?? {});
  const kubernetes = containers()
    .filter(({ name }) => name === 'backend')
    .flatMap(({ env = [] }) => env.map(({ name }) => name));
  const others = ['Dockerfile', 'silly-face.service'].flatMap((name) =>
    [...deployFile(name).matchAll(/^(?:ENV |Environment=)(.*)$/gm)].flatMap(([, assignments = '']) =>
      assignments.split(' ').map((assignment) => assignment.split('=')[0] ?? ''),
    ),
  );
  return [...new Set([...compose, ...kubernetes, ...others])]
    .filter((name) => name !== 'NODE_ENV')
    .toSorted();
}

function source(): string {
  return readdirSync(`${root}src`, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts'))
    .map((name) => readFileSync(`${root}src/${name}`, 'utf8'))
    .join('\n');
}

test('every variable that the files in deploy set is one that the backend reads, and that the README explains', () => {
  const code = source();
  const readme = readFileSync(`${root}README.md`, 'utf8');
  const variables = told();
  expect(variables).toEqual(expect.arrayContaining(['DATABASE_URL', 'HOST', 'SILLY_FACE_DATA', 'SMTP_URL']));
  const isRead = (name: string): boolean => new RegExp(`(?:env(?:ironment)?\\??\\.|')${name}\\b`).test(code);
  const comes = existsSync(`${root}src/processes/party.ts`)
    ? []
    : variables.filter((name) => /^(?:PARTY|REDIS)_/.test(name));
  const known = variables.filter((name) => !comes.includes(name));
  expect(known.filter((name) => !isRead(name))).toEqual([]);
  expect(known.filter((name) => !readme.includes(`\`${name}\``))).toEqual([]);
});
