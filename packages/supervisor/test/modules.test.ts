import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Supervisor } from '@silly-face/supervisor';
import { expect, test } from 'vitest';
import { observe } from './observe.ts';
import { temporaryFolder } from './temporary-folder.ts';

test('a script imports packages behind links as it does without a supervisor', async () => {
  const folder = temporaryFolder();
  const write = (path: string, text: string): void => {
    mkdirSync(join(folder, path, '..'), { recursive: true });
    writeFileSync(join(folder, path), text);
  };
  const manifest = JSON.stringify({ type: 'module', exports: './index.js' });
  for (const name of ['linked', 'neighbour']) write(`store/node_modules/${name}/package.json`, manifest);
  // Only the real path of the link has this neighbour.
  write('store/node_modules/linked/index.js', "export { word } from 'neighbour';");
  write('store/node_modules/neighbour/index.js', "export const word = 'found';");
  write('app/main.mjs', "import { word } from 'linked'; console.log(word);");
  mkdirSync(join(folder, 'app/node_modules'));
  symlinkSync('../../store/node_modules/linked', join(folder, 'app/node_modules/linked'));

  const supervisor = new Supervisor({
    children: [{ name: 'app', script: join(folder, 'app/main.mjs'), task: true }],
  });
  const observed = observe(supervisor);
  await supervisor.start();
  await supervisor.stop();
  expect(observed.lines('app')).toEqual(['found']);
});
