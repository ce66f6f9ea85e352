import type { Child } from '../child/child.ts';
import type { ChildTable } from '../child/child-table.ts';
import { SupervisorError, withoutLastWords } from '../errors.ts';
import type { SocketTable } from '../listener/socket-table.ts';
import type { ChildSettings } from '../options/settings.ts';
import { inStartOrder, inStopOrder, waits } from './order.ts';
import type { Release } from './release.ts';
import { replaceChild } from './replacement.ts';
import { Slots } from './slots.ts';

/** What a rollout works on. */
export interface RolloutSurroundings {
  readonly children: ChildTable;
  readonly sockets: SocketTable;
  /** Aborted when the supervisor is told to stop: no further step begins. */
  readonly stopping: AbortSignal;
}

/**
 * Goes from what runs to a release:
 *
 * ```
 * bind new sockets ─▶ run tasks ─▶ stop the removed ─▶ start the new and replace ─▶ stop the removed
 *                                   (stop-first)        the others, in order         (overlap)
 * ```
 *
 * After the first step that fails no other one begins; those under way come to their end. What was done stays, everything else
 * goes on as it was.
 */
export class Rollout {
  readonly #surroundings: RolloutSurroundings;
  readonly #concerned: readonly Child[] | undefined;
  readonly #done = new Set<string>();
  #failure: unknown;

  /** `concerned`: those that somebody has named; without it, all children. */
  constructor(surroundings: RolloutSurroundings, concerned?: readonly Child[]) {
    this.#surroundings = surroundings;
    this.#concerned = concerned;
  }

  /** The children with a new process, the new ones, and those that are gone. */
  get replaced(): string[] {
    return [...this.#done];
  }

  /** The children that go on as they were. */
  get left(): string[] {
    const all = this.#concerned ?? this.#surroundings.children.all();
    const others = all.filter(({ settings }) => !settings.task && !this.#done.has(settings.name));
    return others.map(({ settings }) => settings.name);
  }

  async toRelease(release: Release): Promise<void> {
    const { children, sockets } = this.#surroundings;
    const targets = [...release.children, ...children.alone().map(({ settings }) => settings)];
    const removed = children
      .configured()
      .filter((child) => !targets.some(({ name }) => name === child.settings.name));
    const parked = children.all().filter((child) => children.isParked(child));
    const running = targets.filter(({ name }) => !parked.some(({ settings }) => settings.name === name));
    await sockets.bind([...release.sockets, ...running.flatMap((target) => target.sockets)]);

    const first = neededByTasks(targets);
    await this.#each(targets, Infinity, async (target) => {
      if (target.task || (first.has(target) && !children.get(target.name))) await this.#takeOver(target);
    });
    // A new child may want the port of one that goes; behind a held socket, somebody has to serve until the new one does.
    await this.#remove(removed.filter(({ settings }) => settings.reload !== 'overlap'));
    await this.#each(targets, release.reloadParallelism, async (target) => {
      const isLeft = target.reload === 'none' && children.get(target.name) !== undefined;
      if (!target.task && !isLeft && !this.#done.has(target.name)) await this.#takeOver(target);
    });
    await this.#remove(removed.filter(({ settings }) => settings.reload === 'overlap'));
    for (const target of targets) {
      if (target.reload === 'none') children.get(target.name)?.adopt(target);
    }
    children.sort(targets.map(({ name }) => name));
  }

  /** New processes for these children, with the settings that they have. */
  async anew(children: readonly Child[], parallelism: number): Promise<void> {
    const targets = children.map(({ settings }) => settings);
    await this.#each(targets, parallelism, async (target) => this.#takeOver(target));
  }

  async #takeOver(target: ChildSettings): Promise<void> {
    const { children, stopping } = this.#surroundings;
    const child = children.get(target.name);
    if (child && children.isParked(child)) return child.adopt(target);
    if (child) await replaceChild(child, target, this.#concerned ? 'told' : 'reload', stopping);
    else await startNew(target, this.#surroundings);
    if (!target.task) this.#done.add(target.name);
  }

  async #remove(removed: readonly Child[]): Promise<void> {
    const { children, stopping } = this.#surroundings;
    stopping.throwIfAborted();
    await inStopOrder(
      removed,
      ({ settings }) => settings,
      async (child) => {
        await child.stop('no longer part of the release');
        children.remove(child);
        if (!child.settings.task) this.#done.add(child.settings.name);
      },
    );
  }

  /** In start order, not too many at once. Throws the first failure. */
  async #each(
    targets: readonly ChildSettings[],
    atOnce: number,
    step: (target: ChildSettings) => Promise<void>,
  ): Promise<void> {
    const slots = new Slots(atOnce);
    await inStartOrder(
      targets,
      (target) => target,
      async (target) => {
        await slots.take(async () => {
          if (this.#failure !== undefined) return;
          try {
            this.#surroundings.stopping.throwIfAborted();
            await step(target);
          } catch (error) {
            this.#failure ??= error;
          }
        });
      },
    );
    if (this.#failure !== undefined) throw this.#failure;
  }
}

/** One that does not get ready leaves nothing behind. */
export async function startNew(
  settings: ChildSettings,
  { children, stopping }: RolloutSurroundings,
): Promise<void> {
  stopping.throwIfAborted();
  const child = children.adopt(settings);
  try {
    await child.start();
  } catch (error) {
    // When everything stops, it belongs to those that are seen to have stopped.
    if (!stopping.aborted) children.remove(child);
    throw error;
  }
}

/** What tasks wait for has to be there before them, also when it is new. */
function neededByTasks(targets: readonly ChildSettings[]): Set<ChildSettings> {
  const needed = new Set<ChildSettings>();
  const visit = (target: ChildSettings): void => {
    for (const other of targets.filter((candidate) => waits(target, candidate))) {
      if (needed.has(other)) continue;
      needed.add(other);
      visit(other);
    }
  };
  for (const target of targets) if (target.task) visit(target);
  return needed;
}

/** The same failure, which also says how far it came. */
export function rolloutError(what: string, cause: unknown, { replaced, left }: Rollout): SupervisorError {
  if (!(cause instanceof SupervisorError)) throw cause;
  const { child, exitCode, signal, lastLines } = cause;
  const progress = `(replaced: ${list(replaced)}; as they were: ${list(left)})`;
  const reason = withoutLastWords(cause.message);
  // Behind lines of code with a mark below them it would be lost.
  const separator = reason.includes('\n') ? '\n' : ' ';
  return new SupervisorError(cause.code, `${what} failed: ${reason}${separator}${progress}`, {
    child,
    exitCode,
    signal,
    lastLines,
    replaced,
    left,
    cause,
  });
}

function list(names: readonly string[]): string {
  return names.length === 0 ? 'none' : names.join(', ');
}
