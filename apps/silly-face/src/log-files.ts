import { openSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** One file a process, `<name>.log`, begun anew when it is made. Written at once, so that the last line before an exit is there. */
export class LogFiles {
  readonly #directory: string;
  readonly #descriptors = new Map<string, number>();

  constructor(directory: string) {
    this.#directory = directory;
  }

  write(name: string, line: string): void {
    let descriptor = this.#descriptors.get(name);
    if (descriptor === undefined) {
      descriptor = openSync(join(this.#directory, `${name}.log`), 'w');
      this.#descriptors.set(name, descriptor);
    }
    writeSync(descriptor, `${line}\n`);
  }
}
