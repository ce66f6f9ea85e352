import { resolve } from 'node:path';
import type { OutputEvent } from '../events.ts';
import { consoleFormat } from './console-format.ts';
import { ConsoleStream } from './console-stream.ts';
import { fileTag, rawFormat, taggedFormat, type Format } from './format.ts';
import { jsonFormat } from './json-format.ts';
import { LineReceiver } from './line-receiver.ts';
import type { Stream } from './lines.ts';
import { LogFile } from './log-file.ts';
import { logLines } from './logger.ts';
import type { ShareLimits } from './share.ts';
import type { FileSinkOptions, SinkOptions } from './sink-options.ts';
import { SinkQueue, type Destination, type QueueReports } from './sink-queue.ts';

/** How one stream gets into one sink. */
export interface Attachment {
  readonly queue: SinkQueue;
  readonly format: Format;
  readonly limits: ShareLimits;
}

/** All sinks of one supervisor. Two that write to the same place are one. */
export class Sinks {
  readonly #reports: QueueReports;
  readonly #queues = new Map<string | SinkOptions, SinkQueue>();
  readonly #files = new Map<string, LogFile>();

  constructor(reports: QueueReports) {
    this.#reports = reports;
  }

  /** The sink as it is for one stream of one child. It is made when it is asked for the first time. */
  attach(options: SinkOptions, child: string, stream: Stream): Attachment {
    const { queue, format } = this.#open(options, child, stream);
    return { queue, format, limits: limitsOf(options) };
  }

  #open(options: SinkOptions, child: string, stream: Stream): Pick<Attachment, 'queue' | 'format'> {
    if (options.type === 'console') {
      return { queue: this.#queue(stream, () => new ConsoleStream(stream)), format: consoleFormat(stream) };
    }
    if (options.type === 'file') {
      return {
        queue: this.#fileQueue(options, child, stream),
        format: fileFormats[options.format ?? 'tagged'],
      };
    }
    const queue = this.#queue(options, () => {
      return options.type === 'function'
        ? this.#receiver('the function', options.onLine)
        : this.#receiver('the logger', logLines(options.logger, options.levels));
    });
    return { queue, format: rawFormat };
  }

  reopenFiles(): void {
    for (const file of this.#files.values()) file.reopen();
  }

  /** Delivers what waits, and closes. What is not delivered by then is dropped. */
  async close(limitMs: number): Promise<void> {
    const timeUp = new AbortController();
    const limit = setTimeout(() => timeUp.abort(), limitMs);
    try {
      await Promise.all([...this.#queues.values()].map((queue) => queue.close(timeUp.signal)));
    } finally {
      clearTimeout(limit);
    }
  }

  #fileQueue(options: FileSinkOptions, child: string, stream: Stream): SinkQueue {
    const { path, maxBytes, maxAgeMs, keep = 10, compress = false } = options;
    const place = resolve(path.replaceAll('{child}', child).replaceAll('{stream}', stream));
    const rotation = { maxBytes, maxAgeMs, keep, compress };
    const queue = this.#queue(place, () => {
      const file = new LogFile(place, rotation, (error) => this.#reports.failed(place, error));
      this.#files.set(place, file);
      return file;
    });
    // Whoever comes last says how it is rotated: that is what a reload has changed.
    this.#files.get(place)?.setRotation(rotation);
    return queue;
  }

  #receiver(name: string, onLine: (event: OutputEvent) => unknown): LineReceiver {
    return new LineReceiver(name, onLine, (error) => this.#reports.failed(name, error));
  }

  #queue(key: string | SinkOptions, open: () => Destination): SinkQueue {
    let queue = this.#queues.get(key);
    if (!queue) {
      queue = new SinkQueue(open(), this.#reports);
      this.#queues.set(key, queue);
    }
    return queue;
  }
}

const fileFormats: Readonly<Record<'raw' | 'tagged' | 'json', Format>> = {
  raw: rawFormat,
  tagged: taggedFormat(fileTag),
  json: jsonFormat,
};

function limitsOf(options: SinkOptions): ShareLimits {
  const isForLines = options.type === 'function' || options.type === 'logger';
  const { whenFull = isForLines ? 'drop' : 'wait', maxWaitMs = 1_000 } = options;
  const { maxBufferedBytes = whenFull === 'wait' ? 2 * MEBIBYTE : 8 * MEBIBYTE } = options;
  return { maxBufferedBytes, whenFull, maxWaitMs };
}

const MEBIBYTE = 1024 * 1024;
