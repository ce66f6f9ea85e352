/** The message of an error as it is where its last words are shown on their own. */
export function withoutLastWords(message: string): string {
  return message.split('; its last words:', 1)[0] ?? message;
}
