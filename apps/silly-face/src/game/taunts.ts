/**
 * One line of 1 to 140 characters, of which one at least can be seen. Nothing that is invisible or turns the direction of what
 * follows, except for the joiner between two pictures, which makes one of them.
 */
export function isTaunt(text: string): boolean {
  const line = text.replaceAll(PICTURE_JOINER, '');
  return LENGTH.test(text) && ONE_LINE.test(line) && SEEN.test(line);
}

const LENGTH = /^.{1,140}$/su;

const PICTURE_JOINER =
  /(?<=[\p{Extended_Pictographic}\p{Emoji_Modifier}\uFE0F])\u200D(?=\p{Extended_Pictographic})/gu;

/** Neither controls, formats, surrogates nor what Unicode has not given out (C), nor the separators of lines and paragraphs. */
const ONE_LINE = /^[^\p{C}\p{Zl}\p{Zp}]+$/u;

/** Also of the letters some are blank, and U+2800 is a pattern of no dots. */
const SEEN = /[^\p{Z}\p{M}\p{Default_Ignorable_Code_Point}\u2800]/u;
