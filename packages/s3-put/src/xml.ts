/** The text of an element that holds nothing but text. S3's documents are flat where it matters, so no parser is needed. */
export function element(document: string, name: string): string | undefined {
  const text = new RegExp(`<${name}>([^<]*)</${name}>`).exec(document)?.[1];
  return text === undefined || text === '' ? undefined : unescaped(text);
}

/** What is in each element of that name, which must not be nested. */
export const elements = (document: string, name: string): string[] =>
  Array.from(
    document.matchAll(new RegExp(`<${name}>([\\s\\S]*?)</${name}>`, 'g')),
    ([, content = '']) => content,
  );

/** `&amp;` last, or `&amp;lt;` would be unescaped twice. */
export const unescaped = (text: string): string =>
  text
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&quot;', '"')
    .replaceAll('&apos;', "'")
    .replaceAll('&#34;', '"')
    .replaceAll('&#39;', "'")
    .replaceAll('&amp;', '&');

export const escapedText = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
