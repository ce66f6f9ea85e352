import { spawn } from 'node:child_process';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Position } from './position.ts';

/** Where in `path`, or in what it imports, the mistake is for which it was not loaded; undefined when nobody knows. */
export async function findError(error: unknown, path: string): Promise<Position | undefined> {
  if (!(error instanceof Error)) return undefined;
  const { stack = '' } = error;
  const found = inHeader(stack);
  if (found || !(error instanceof SyntaxError)) return found ?? inFrames(stack);
  // Of a module that does not parse, Node.js tells the place only when nobody catches the error.
  return inHeader(await uncaughtError(path));
}

/** `<file>:<line>`, lines of code, and a caret below the last one. */
function inHeader(text: string): Position | undefined {
  const header = /^((?:file:\/\/|\/|[A-Za-z]:\\).*):(\d+)\n(?:.*\n)+?([ \t]*)\^/m.exec(text);
  if (!header) return undefined;
  const [, file = '', line, indent = ''] = header;
  return { file: asPath(file), line: Number(line), column: indent.length + 1 };
}

/** `at <name> (<file>:<line>:<column>)`, the first that is not a part of Node.js. */
function inFrames(stack: string): Position | undefined {
  const frame = /^ {4}at (?:.* \()?((?:file:\/\/|\/|[A-Za-z]:\\).*?):(\d+):(\d+)\)?$/m.exec(stack);
  if (!frame) return undefined;
  const [, file = '', line, column] = frame;
  return { file: asPath(file), line: Number(line), column: Number(column) };
}

function asPath(file: string): string {
  return file.startsWith('file:') ? fileURLToPath(file) : file;
}

/** What Node.js prints when it imports the file. As it does not parse, none of it runs. */
async function uncaughtError(path: string): Promise<string> {
  const program = `await import(${JSON.stringify(pathToFileURL(path).href)})`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', program], {
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: 10_000,
  });
  // Without a second Node.js the place stays unknown, and the error itself is told all the same.
  child.on('error', () => {});
  let text = '';
  for await (const chunk of child.stderr.setEncoding('utf8')) text += chunk as string;
  return text;
}
