import { readFileSync } from 'node:fs';

/**
 * When a process began, in the kernel's ticks since boot: with its id this names it for ever, also when the id has come to
 * somebody else. Empty where that cannot be seen (not on Linux), or when there is no such process.
 */
export function startTime(pid: number): string {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
    // The name in parentheses may hold anything, blanks and parentheses too; the state behind it is the third field of 22.
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19] ?? '';
  } catch {
    return '';
  }
}
