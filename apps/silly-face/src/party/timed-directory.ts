import { type Directory, DirectoryError } from '../directory/directory.ts';

/** How long the directory took, and how it ended: `ok`, the code of its refusal, or `failed`. */
export type ObserveAnswer = (operation: string, outcome: string, seconds: number) => void;

type Operation = (...args: unknown[]) => Promise<unknown>;

/** The same directory, with an eye on its answers. */
export function timedDirectory(directory: Directory, observe: ObserveAnswer): Directory {
  return new Proxy(directory, {
    get(target, name: keyof Directory): unknown {
      const operation = target[name] as Operation | undefined;
      return operation && ((...args: unknown[]) => timed(name, operation.apply(target, args), observe));
    },
  });
}

async function timed(name: string, answer: Promise<unknown>, observe: ObserveAnswer): Promise<unknown> {
  const askedAt = performance.now();
  let outcome = 'failed';
  try {
    const answered = await answer;
    outcome = 'ok';
    return answered;
  } catch (error) {
    if (error instanceof DirectoryError) outcome = error.code;
    throw error;
  } finally {
    observe(name, outcome, (performance.now() - askedAt) / 1000);
  }
}
