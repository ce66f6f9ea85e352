import type { OutputEvent } from '@silly-face/supervisor';
import type { TroubleKind } from './trouble.ts';

/** A line that somebody should read. */
export interface LoudLine {
  readonly kind: Extract<TroubleKind, 'fatal' | 'stderr'>;
  readonly child: string;
  readonly pid: number;
  readonly reason: string;
  /** What the child wrote last, this line included, oldest first. */
  readonly lastLines: readonly string[];
}

/** Finds the lines of level fatal in what the children write. */
export class LogLines {
  readonly #isStderrLoud: (child: string) => boolean;
  readonly #onLoud: (line: LoudLine) => void;
  readonly #last = new Map<string, string[]>();

  /** `isStderrLoud`: whether every line on the standard error of this child counts. */
  constructor(isStderrLoud: (child: string) => boolean, onLoud: (line: LoudLine) => void) {
    this.#isStderrLoud = isStderrLoud;
    this.#onLoud = onLoud;
  }

  take({ child, pid, stream, line }: OutputEvent): void {
    const last = this.#last.get(child) ?? [];
    this.#last.set(child, last);
    if (last.push(line.slice(0, MAX_LINE_LENGTH)) > MAX_LINES) last.shift();
    const fatal = fatalMessage(line);
    const isLoud = fatal !== undefined || (stream === 'stderr' && this.#isStderrLoud(child));
    if (!isLoud) return;
    const reason = (fatal ?? line).slice(0, MAX_LINE_LENGTH);
    this.#onLoud({
      kind: fatal === undefined ? 'stderr' : 'fatal',
      child,
      pid,
      reason,
      lastLines: [...last],
    });
  }
}

const MAX_LINES = 20;
const MAX_LINE_LENGTH = 2_000;

/** What a line says if it is an entry of level fatal: of pino, whose number for it is 60, or of those that write the word. */
function fatalMessage(line: string): string | undefined {
  // Nearly every line ends here; to parse each would be dear.
  if (!line.startsWith('{') || !/"level":\s*(?:60\b|"fatal")/i.test(line)) return undefined;
  const entry = parse(line);
  if (entry?.level !== 60 && String(entry?.level).toLowerCase() !== 'fatal') return undefined;
  const { msg, message, err } = entry as LogEntry;
  const texts = [msg ?? message, err?.stack ?? err?.message].filter((text) => typeof text === 'string');
  return texts.join('\n') || line;
}

interface LogEntry {
  readonly level?: unknown;
  readonly msg?: unknown;
  readonly message?: unknown;
  readonly err?: { readonly message?: unknown; readonly stack?: unknown } | null;
}

function parse(line: string): LogEntry | undefined {
  try {
    return JSON.parse(line) as LogEntry;
  } catch {
    return undefined; // It is no entry, but looks like one.
  }
}
