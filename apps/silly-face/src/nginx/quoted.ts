/**
 * A path as a word of nginx's configuration.
 *
 * @throws for what nginx would take for something else: a variable, the end of the word
 */
export function quoted(path: string): string {
  if (/["\\$\n\r]/.test(path))
    throw new Error(
      `nginx cannot use the path ${JSON.stringify(path)}: it has a quote, a backslash or a dollar`,
    );
  return `"${path}"`;
}
