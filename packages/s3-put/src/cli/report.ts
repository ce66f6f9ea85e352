import type { PutAnswer } from '../answer.ts';
import type { S3PutError } from '../errors.ts';
import type { SkippedEntry } from '../many/put-directory.ts';
import type { ProgressMeter } from './progress-meter.ts';

interface Upload {
  filePath: string;
  key: string;
}

export interface ReportOptions {
  bucket: string;
  json: boolean;
  quiet: boolean;
  recursive: boolean;
  meter: ProgressMeter | undefined;
}

/** Tells of each file how it ended, on a line of its own. */
export class Report {
  readonly #options: ReportOptions;

  constructor(options: ReportOptions) {
    this.#options = options;
  }

  stored(upload: Upload, answer: PutAnswer): void {
    const { bytes, etag } = answer;
    const { bucket, json, quiet } = this.#options;
    if (quiet) return;
    if (json) this.#json(upload, { stored: true }, described(answer));
    else
      this.#line(
        'stdout',
        `${upload.filePath} -> s3://${bucket}/${upload.key} (${bytes} bytes, ETag ${etag})`,
      );
  }

  failed(upload: Upload, error: S3PutError): void {
    const { code, source, message, retryable, statusCode, s3, proxy, uploadId, history } = error;
    if (this.#options.json) {
      const details = { code, source, message, retryable, statusCode, s3, proxy, uploadId, history };
      this.#json(upload, { stored: false }, { error: details });
    } else if (code !== 'EABORTED') {
      // Those that were under way when it was interrupted are told in one line.
      const hint = code === 'EFILETYPE' && !this.#options.recursive ? ' (a directory needs --recursive)' : '';
      this.#line('stderr', `s3-put: ${message}${hint}`);
    }
  }

  skipped({ filePath, key, reason }: SkippedEntry): void {
    if (this.#options.quiet) return;
    if (this.#options.json) this.#json({ filePath, key }, { stored: false }, { skipped: reason });
    else this.#line('stderr', `s3-put: skipped "${filePath}": it is ${REASONS[reason]}`);
  }

  /** In the end, where single lines do not say it all. */
  summary({
    stored,
    failed,
    isInterrupted,
  }: {
    stored: number;
    failed: number;
    isInterrupted: boolean;
  }): void {
    if (this.#options.json || (!isInterrupted && (failed === 0 || stored + failed === 1))) return;
    const counts = `${stored} stored, ${failed} not`;
    this.#line('stderr', `s3-put: ${isInterrupted ? `interrupted: ${counts}, the rest not tried` : counts}`);
  }

  #json(upload: Upload, { stored }: { stored: boolean }, details: object): void {
    this.#options.meter?.clear();
    const { bucket } = this.#options;
    process.stdout.write(`${JSON.stringify({ stored, bucket, ...upload, ...details })}\n`);
  }

  #line(stream: 'stdout' | 'stderr', text: string): void {
    this.#options.meter?.clear();
    process[stream].write(`${printable(text)}\n`);
  }
}

/** All but the bare answer. */
function described(answer: PutAnswer): object {
  const { statusCode: _, headers: __, ...details } = answer;
  return details;
}

const REASONS = {
  fifo: 'a FIFO',
  socket: 'a socket',
  device: 'a device',
  loop: 'a link to a directory that it is in',
};

/** A name may hold line breaks, and what a terminal takes for commands. */
const printable = (text: string): string =>
  text.replaceAll(/\p{Cc}/gu, (mark) => JSON.stringify(mark).slice(1, -1).replace('\u007F', '\\u007f'));
