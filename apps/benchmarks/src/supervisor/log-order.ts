/** What a writer is to print. */
export interface LogOrder {
  /**
   * `burst`: by console.log, and the exit in the same breath. `stream`: 200 a write, as fast as they are taken; of multi-byte text,
   * its characters have two to four bytes.
   */
  kind: 'burst' | 'stream' | 'stream of multi-byte text';
  lines: number;
  /** Written when it begins, as `Started`. */
  startedFile: string;
}

export interface Started {
  pid: number;
  /** On `now()`'s clock. */
  at: number;
}

/** How each line begins. */
export function lineStart(number: number): string {
  return `line ${String(number).padStart(8, '0')} `;
}

/** Of each line of a stream, its line feed included. */
export const streamedLineBytes = 100;
