import { readFile } from 'node:fs/promises';

/** A place in a text file; lines and columns count from 1. */
export interface Position {
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/** `message`, with the place and the line of the file, and a caret below what is meant. */
export async function showPosition({ file, line, column }: Position, message: string): Promise<string> {
  const text = await readFile(file, 'utf8').catch(() => '');
  const code = (text.split('\n')[line - 1] ?? '').replace(/\r$/, '');
  // A line that goes on for ever, as in a minified file, is cut around the place.
  const start = Math.max(0, column - 1 - CONTEXT_LENGTH);
  const shown = code.slice(start, column - 1 + CONTEXT_LENGTH);
  // A tab is as wide as the terminal likes, above the caret as well.
  const indent = shown.slice(0, column - 1 - start).replaceAll(/[^\t]/g, ' ');
  return `${message}\n  at ${file}:${line}:${column}\n\n    ${shown}\n    ${indent}^`;
}

const CONTEXT_LENGTH = 80;
