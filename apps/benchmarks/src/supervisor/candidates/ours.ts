import type { BlockedEvent, ChildOptions, ChildStatus, SupervisorOptions } from '@silly-face/supervisor';
import type { Answer, Question, Told } from '../under-ours.ts';
import type { Program } from '../program.ts';
import { type Candidate, forked } from './candidate.ts';

export interface Ours extends Candidate {
  /** Undefined when it went well, else the code of the error. */
  reload(): Promise<string | undefined>;
  status(): Promise<ChildStatus[]>;
  /** Its events of that name so far. */
  readonly blocked: readonly BlockedEvent[];
}

/** Resolves when all of its children are ready. */
export async function ours(options: SupervisorOptions): Promise<Ours> {
  const { child, ...candidate } = forked('under-ours.js', options);
  const blocked: BlockedEvent[] = [];
  child.on('message', (message: Answer | Told) => {
    if ('blocked' in message) blocked.push(message.blocked);
  });
  let lastId = 0;
  const ask = (what: Question['what']): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const id = ++lastId;
      const hear = (answer: Answer | Told): void => {
        if ('id' in answer && answer.id === id) done(() => resolve(answer));
      };
      const gone = (): void =>
        done(() => reject(new Error(`Our supervisor ended instead of an answer: ${what}`)));
      const done = (settle: () => void): void => {
        child.off('message', hear);
        child.off('exit', gone);
        settle();
      };
      child.on('message', hear);
      child.on('exit', gone);
      child.send({ id, what } satisfies Question);
    });
  try {
    const { error } = await ask('start');
    if (error !== undefined) throw new Error(`Our supervisor did not start: ${error}`);
  } catch (error) {
    await candidate.stop();
    throw error;
  }
  return {
    ...candidate,
    blocked,
    reload: async () => (await ask('reload')).error,
    status: async () => (await ask('status')).status ?? [],
  };
}

/** A program in our words. `format` is that of its log. */
export function childOptions(
  { name, run, env, restarts, logFile }: Program,
  format: 'raw' | 'json' = 'raw',
): ChildOptions {
  const [command = '', ...args] = 'command' in run ? run.command : [];
  return {
    name,
    ...('script' in run ? { script: run.script } : { command, args }),
    ...(env && { env }),
    ...(logFile !== undefined && { output: [{ type: 'file', path: logFile, format }] }),
    restart: restarts ? crashesOften : false,
  };
}

/** A benchmark crashes it more often than any limit would allow. */
const crashesOften = { initialDelayMs: 1, maxDelayMs: 1, resetAfterMs: 1, maxRestarts: 1_000 };

/** The web application on a socket that the supervisor holds. */
export function heldWeb(program: Program, child: Partial<ChildOptions> = {}): SupervisorOptions {
  const port = Number(program.env?.['PORT']);
  return {
    sockets: { web: { host: '127.0.0.1', port } },
    children: [{ ...childOptions(program), sockets: ['web'], readiness: 'message', ...child }],
  };
}

/** A program that only prints. */
export function logged(program: Program, format?: 'raw' | 'json'): Promise<Ours> {
  return ours({ children: [childOptions(program, format)] });
}
