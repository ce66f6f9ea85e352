import { taggedFormat, type Format } from './format.ts';
import type { Origin, Stream } from './lines.ts';

/** `child | line`. On a terminal that has colours every child has one. */
export function consoleFormat(name: Stream): Format {
  const stream = process[name];
  const hasColours = stream.isTTY && stream.hasColors();
  return taggedFormat(({ child }: Origin) => {
    return Buffer.from(hasColours ? `\u001B[${colourOf(child)}m${child} |\u001B[39m ` : `${child} | `);
  });
}

/** The same for a name every time. Red is left to those who report errors. */
function colourOf(child: string): number {
  let hash = 0;
  for (const character of child) hash = (hash * 31 + (character.codePointAt(0) ?? 0)) % 1_000_003;
  return colours[hash % colours.length] ?? 39;
}

const colours = [36, 33, 32, 35, 34, 96, 93, 92, 95, 94];
