import type { EventEmitter } from 'node:events';
import type { Readable } from 'node:stream';
import { reasonOf, SupervisorError } from '../errors.ts';
import type { SupervisorEvents } from '../events.ts';
import { validateSink } from '../options/validation.ts';
import type { Stream } from './lines.ts';
import { RunOutput, type LineReader, type StreamFilter } from './run-output.ts';
import type { SinkOptions } from './sink-options.ts';
import { Sinks } from './sinks.ts';

/** Whose output it is. */
export interface OutputOwner {
  readonly name: string;
  readonly output?: readonly SinkOptions[] | undefined;
}

/** Where the lines of all children of one supervisor go: into sinks, and to whoever listens to `output`. */
export class Outputs {
  readonly #sinks: Sinks;
  readonly #events: EventEmitter<SupervisorEvents>;
  readonly #readers = new Set<LineReader>();
  readonly #added = new Set<SinkOptions>();
  readonly #runs = new Set<RunOutput>();

  constructor(events: EventEmitter<SupervisorEvents>) {
    this.#events = events;
    this.#sinks = new Sinks({
      failed: (sink, cause) => events.emit('sinkFailed', { sink, error: outputError(sink, cause) }),
      dropped: (sink, { child, pid, stream }, lines, bytes) =>
        events.emit('dropped', { sink, child, pid, stream, lines, bytes }),
    });
  }

  /** Reads the output of a process from now on. What is not the child's is taken out of its standard error first. */
  open(
    { name, output = [] }: OutputOwner,
    pid: number,
    streams: Readonly<Record<Stream, Readable | null>>,
    stderrFilter: StreamFilter,
  ): RunOutput {
    const run = new RunOutput(streams, {
      child: name,
      pid,
      events: this.#events,
      stderrFilter,
      readers: this.#readers,
      sinks: [...output, ...this.#added],
      attachment: (sink, stream) => this.#sinks.attach(sink, name, stream),
    });
    this.#runs.add(run);
    void run.ended.then(() => this.#runs.delete(run));
    return run;
  }

  /** One more sink for every child, from now on. Returns what takes it away again. */
  add(sink: SinkOptions): () => void {
    validateSink(sink);
    this.#added.add(sink);
    for (const run of this.#runs) run.attach(sink);
    return () => {
      this.#added.delete(sink);
      for (const run of this.#runs) run.detach(sink);
    };
  }

  /** Gets the lines of every child as bytes, which are only lent to it. */
  addReader(reader: LineReader): void {
    this.#readers.add(reader);
  }

  reopenFiles(): void {
    this.#sinks.reopenFiles();
  }

  /** Delivers everything that was read, within the limit. */
  async close(): Promise<void> {
    await this.#sinks.close(FLUSH_LIMIT_MS);
  }
}

const FLUSH_LIMIT_MS = 5_000;

function outputError(sink: string, cause: unknown): SupervisorError {
  const reason = reasonOf(cause);
  return new SupervisorError('OUTPUT_FAILED', `Output cannot be written to ${sink}: ${reason}`, { cause });
}
