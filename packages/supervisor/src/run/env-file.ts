import { readFile } from 'node:fs/promises';
import { resolve } from 'node:path';
import { parseEnv } from 'node:util';
import { SupervisorError } from '../errors.ts';
import type { ChildSettings } from '../options/settings.ts';

/** The variables of the child's `envFile`, none without one. Throws `ENV_FILE_NOT_READ`; no value is ever in the message. */
export async function readEnvFile({ name, envFile, cwd = '.' }: ChildSettings): Promise<NodeJS.Dict<string>> {
  if (envFile === undefined) return {};
  const path = resolve(cwd, envFile);
  try {
    const text = await readFile(path, 'utf8');
    // Node.js would refuse the variable, and show its value.
    if (text.includes('\0')) throw new Error('it is no text, it has a NUL');
    return parseEnv(text);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const reason = code === 'ENOENT' ? 'it does not exist' : message;
    throw new SupervisorError(
      'ENV_FILE_NOT_READ',
      `Cannot read the envFile ${path} of child "${name}": ${reason}`,
      {
        child: name,
        cause,
      },
    );
  }
}
