import type { EventEmitter } from 'node:events';
import type { Readable } from 'node:stream';
import type { SupervisorEvents } from '../events.ts';
import { LastLines } from './last-lines.ts';
import { LineCutter } from './line-cutter.ts';
import { decodeLines, type Lines, type Origin, type Stream } from './lines.ts';
import { Share } from './share.ts';
import type { SinkOptions } from './sink-options.ts';
import type { Attachment } from './sinks.ts';
import { readStream, type StreamReader } from './stream-reader.ts';

/** Whose output it is, and where it goes. */
export interface OutputTarget {
  readonly child: string;
  readonly pid: number;
  readonly events: EventEmitter<SupervisorEvents>;
  readonly stderrFilter: StreamFilter;
  readonly readers: Iterable<LineReader>;
  readonly sinks: readonly SinkOptions[];
  /** How one of the streams gets into a sink. */
  attachment(sink: SinkOptions, stream: Stream): Attachment;
}

/** Takes out of a stream what is not the child's. */
export interface StreamFilter {
  filter(chunk: Buffer): Buffer;
  /** What it kept back, when the stream has ended. */
  rest(): Buffer;
}
export type LineReader = (origin: Origin, lines: Lines) => void;

/** Both streams of one process. */
export class RunOutput {
  /** Resolves when both have been read to their ends. */
  readonly ended: Promise<void>;
  readonly #target: OutputTarget;
  readonly #lastLines = new LastLines();
  readonly #channels: Channel[] = [];

  constructor(streams: Readonly<Record<Stream, Readable | null>>, target: OutputTarget) {
    this.#target = target;
    for (const name of ['stdout', 'stderr'] as const) {
      const stream = streams[name];
      if (stream) this.#channels.push(this.#open(name, stream));
    }
    for (const sink of target.sinks) this.attach(sink);
    this.ended = this.#end();
  }

  /** The last lines so far, of both streams, oldest first. */
  get lastLines(): string[] {
    return this.#lastLines.read();
  }

  /** A sink waits for somebody, and so does a stream for it. */
  get isHeld(): boolean {
    return this.#channels.some((channel) => channel.isHeld);
  }

  attach(sink: SinkOptions): void {
    for (const channel of this.#channels) {
      channel.attach(sink, this.#target.attachment(sink, channel.origin.stream));
    }
  }

  detach(sink: SinkOptions): void {
    for (const channel of this.#channels) channel.detach(sink);
  }

  /** From now on nothing is held up: what a sink does not take is lost, and counted. */
  hurry(): void {
    for (const channel of this.#channels) channel.hurry();
  }

  destroy(): void {
    for (const { reader } of this.#channels) reader.destroy();
  }

  async #end(): Promise<void> {
    await Promise.all(this.#channels.map(({ reader }) => reader.ended));
  }

  #open(stream: Stream, readable: Readable): Channel {
    const { child, pid, events, readers, stderrFilter } = this.#target;
    const origin = { child, pid, stream };
    const filter = stream === 'stderr' ? stderrFilter : undefined;
    return new Channel(origin, readable, filter, (lines) => {
      this.#lastLines.add(lines);
      for (const read of readers) read(origin, lines);
      if (events.listenerCount('output') === 0) return;
      // Text is made for those alone who want it.
      const { continues } = lines;
      for (const line of decodeLines(lines)) {
        events.emit('output', { child, pid, stream, line, ...(continues && { continues }) });
      }
    });
  }
}

/** One stream on its way from the pipe to its sinks. */
class Channel {
  readonly origin: Origin;
  readonly reader: StreamReader;
  readonly #shares = new Map<SinkOptions, Share>();
  #holds = 0;

  constructor(
    origin: Origin,
    stream: Readable,
    filter: StreamFilter | undefined,
    onLines: (lines: Lines) => void,
  ) {
    this.origin = origin;
    const cutter = new LineCutter((lines) => {
      onLines(lines);
      for (const share of this.#shares.values()) share.take(lines);
    });
    const reader = readStream(stream, (chunk) => cutter.write(filter?.filter(chunk) ?? chunk));
    const ended = reader.ended.then(() => {
      if (filter) cutter.write(filter.rest());
      return cutter.end();
    });
    this.reader = { ...reader, ended };
  }

  get isHeld(): boolean {
    return [...this.#shares.values()].some(({ isWaiting }) => isWaiting);
  }

  attach(sink: SinkOptions, attachment: Attachment): void {
    this.#shares.set(sink, new Share(this.origin, attachment, (isHeld) => this.#hold(isHeld)));
  }

  detach(sink: SinkOptions): void {
    this.#shares.get(sink)?.hurry();
    this.#shares.delete(sink);
  }

  hurry(): void {
    for (const share of this.#shares.values()) share.hurry();
  }

  #hold(isHeld: boolean): void {
    this.#holds += isHeld ? 1 : -1;
    if (this.#holds > 0) this.reader.pause();
    else this.reader.resume();
  }
}
