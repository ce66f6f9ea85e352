import { chmodSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Letter } from './letter.ts';
import type { Addresses } from './smtp.ts';

/** Letters as files that mail programs open, the newest last. */
export class MailFolder {
  readonly #directory: string;
  readonly #addresses: Addresses;
  #count = 0;

  constructor(directory: string, addresses: Addresses) {
    this.#directory = directory;
    this.#addresses = addresses;
  }

  /** At once, so that it is also there when the process is about to exit. Returns its path. */
  write({ subject, text }: Letter): string {
    mkdirSync(this.#directory, { recursive: true, mode: 0o700 });
    // It may have been there with another mode: the last words of a process are for its owner.
    chmodSync(this.#directory, 0o700);
    const { from, to } = this.#addresses;
    const now = new Date();
    this.#count += 1;
    const name = `${now.toISOString().replaceAll(':', '-')}-${process.pid}-${this.#count}.eml`;
    const path = join(this.#directory, name);
    const head = [
      `From: ${from}`,
      `To: ${to}`,
      `Subject: ${encodedWords(subject)}`,
      `Date: ${now.toUTCString().replace('GMT', '+0000')}`,
      'MIME-Version: 1.0',
      'Content-Type: text/plain; charset=utf-8',
      'Content-Transfer-Encoding: 8bit',
    ];
    // Whoever looks finds all of it, or nothing.
    const made = join(this.#directory, `.${name}`);
    writeFileSync(made, `${head.join('\n')}\n\n${text}`, { mode: 0o600, flag: 'wx' });
    renameSync(made, path);
    return path;
  }
}

/** RFC 2047: what is not ASCII goes in words of at most 75 characters. */
function encodedWords(text: string): string {
  if (/^[\x20-\x7e]*$/.test(text)) return text;
  // Code points: half of one is not UTF-8.
  const characters = Array.from(text);
  const words: string[] = [];
  for (let start = 0; start < characters.length; start += WORD_LENGTH) {
    const piece = characters.slice(start, start + WORD_LENGTH).join('');
    words.push(`=?utf-8?B?${Buffer.from(piece).toString('base64')}?=`);
  }
  return words.join('\n ');
}

// Each takes at most four bytes: 11 × 4 are 60 in base64, and 12 around them.
const WORD_LENGTH = 11;
