import { TransactionError } from './errors.ts';
import type { TransactionHost } from './transaction-parts.ts';

/** What runs once a transaction has ended; may be asynchronous. */
export type Hook = () => unknown;

/** What is to run when a transaction ends, for either end. */
export class Hooks {
  readonly committed: Hook[] = [];
  readonly rolledBack: Hook[] = [];

  /** What happened in a savepoint ends with the transaction around it. */
  moveTo(outer: Hooks): void {
    outer.committed.push(...this.committed);
    outer.rolledBack.push(...this.rolledBack);
  }

  /** Runs those of one end, outside of any transaction. Where it is in doubt which end it was, none. */
  run(end: 'committed' | 'rolled back' | 'in doubt', host: TransactionHost): Promise<void> | undefined {
    const hooks = { committed: this.committed, 'rolled back': this.rolledBack, 'in doubt': [] }[end];
    if (hooks.length === 0) return undefined;
    const failed = (cause: unknown): void =>
      host.hookFailed(
        new TransactionError('HOOK_FAILED', `The transaction was ${end}, and then a hook failed`, { cause }),
      );
    return host.scopes.runDetached(() => runOneByOne(hooks, failed));
  }
}

/** One that fails does not stop the next. */
async function runOneByOne(hooks: readonly Hook[], onError: (error: unknown) => void): Promise<void> {
  for (const hook of hooks) {
    try {
      await hook();
    } catch (error) {
      onError(error);
    }
  }
}
