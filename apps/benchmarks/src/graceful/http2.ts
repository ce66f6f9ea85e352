import { once } from 'node:events';
import { type ClientHttp2Session, connect, constants } from 'node:http2';
import { certificate } from '@silly-face/testing';
import { interleave } from '../harness/interleave.ts';
import { type Context, medianRow, type Row, shareRow } from '../harness/row.ts';
import { now } from '../harness/now.ts';
import { each } from '../harness/each.ts';
import type { LibraryName } from './libraries.ts';
import { RunningApp } from './running-app.ts';

const names = [
  'ours',
  'http-terminator',
  'stoppable',
  'terminus',
  'http-graceful-shutdown',
  'node:http close',
] as const satisfies LibraryName[];

const sessionsAtOnce = 10;
const streamsEach = 20;
/** Sent in the very moment of the signal. */
const racingEach = 5;
const limitMs = 1_500;

/** SIGTERM with streams in flight, over TLS and without. */
export async function measureHttp2(context: Context): Promise<Row[]> {
  return [...(await measure('h2c', context)), ...(await measure('h2', context))];
}

async function measure(protocol: 'h2c' | 'h2', { quick, log }: Context): Promise<Row[]> {
  const rounds = quick ? 1 : 5;
  const what = protocol === 'h2c' ? 'HTTP/2 without TLS' : 'HTTP/2 over TLS';
  log(`graceful: ${rounds} drains of ${what}`);
  const drains = await interleave(
    each(names, (name) => () => drain(name, protocol)),
    rounds,
    each(names, () => async () => {}), // Every drain is by a new process.
  );
  const share = (which: 'inFlight' | 'racing', good: readonly Verdict[], dimension: string): Row =>
    shareRow(
      each(names, (name) => {
        const verdicts = drains[name].flatMap((drained) => drained[which]);
        return { count: verdicts.filter((verdict) => good.includes(verdict)).length, of: verdicts.length };
      }),
      {
        dimension: `${what}: ${dimension}`,
        unit: '%',
        per: 100,
        better: 'higher',
        against: 'node:http close',
        goal: 100,
      },
    );
  return [
    share(
      'inFlight',
      ['answered'],
      `of ${streamsEach} streams in flight on each of ${sessionsAtOnce} sessions, answered`,
    ),
    share(
      'racing',
      ['answered', 'refused'],
      `of ${racingEach} more on each, sent in the moment of SIGTERM, answered or refused unprocessed`,
    ),
    medianRow(
      each(names, (name) => drains[name].map(({ exitMs }) => exitMs)),
      {
        dimension: `${what}: from the last answer to the end of the process (killed after ${limitMs} ms)`,
        unit: 'ms',
        better: 'lower',
        against: 'node:http close',
        goalValue: 15,
      },
    ),
  ];
}

/** What was refused with REFUSED_STREAM was not begun: any client may send it again (RFC 9113, 8.7). */
type Verdict = 'answered' | 'refused' | 'lost';

interface Drain {
  exitMs: number;
  inFlight: Verdict[];
  racing: Verdict[];
}

async function drain(library: LibraryName, protocol: 'h2c' | 'h2'): Promise<Drain> {
  await using app = await RunningApp.start(library, { protocol });
  const scheme = protocol === 'h2' ? 'https' : 'http';
  const sessions = Array.from({ length: sessionsAtOnce }, () =>
    connect(`${scheme}://127.0.0.1:${app.port}`, { ca: certificate.cert }),
  );
  try {
    await Promise.all(sessions.map((session) => once(session, 'connect')));
    // Its streams tell what a session's error means for them.
    for (const session of sessions) session.on('error', (error) => void error);
    const send = (times: number): Promise<Verdict[]> => {
      const get = sessions.flatMap((session) => Array.from({ length: times }, () => getFrom(session, 400)));
      return Promise.all(get);
    };
    const inFlight = send(streamsEach);
    // Answered after those that were sent before on the same session: they have arrived.
    await Promise.all(sessions.map((session) => getFrom(session, 0)));
    const racing = send(racingEach);
    app.terminate();
    const answers = { inFlight: await inFlight, racing: await racing };
    const answeredAt = now();
    return { exitMs: (await app.end(limitMs)) - answeredAt, ...answers };
  } finally {
    for (const session of sessions) session.destroy();
  }
}

function getFrom(session: ClientHttp2Session, answerMs: number): Promise<Verdict> {
  return new Promise((resolve) => {
    const stream = session.request({ ':path': `/?answerMs=${answerMs}` });
    let status: number | undefined;
    let body = '';
    stream.setEncoding('utf8');
    stream.on('response', (headers) => void (status = headers[':status']));
    stream.on('data', (text: string) => void (body += text));
    // A stream that fails is closed as well.
    stream.on('error', (error) => void error);
    stream.on('close', () => {
      if (status === 200 && body === 'done') resolve('answered');
      else resolve(stream.rstCode === constants.NGHTTP2_REFUSED_STREAM ? 'refused' : 'lost');
    });
  });
}
