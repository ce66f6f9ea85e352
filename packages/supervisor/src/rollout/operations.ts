import { nowMs } from '../clock.ts';
import type { Child } from '../child/child.ts';
import { reasonOf, SupervisorError } from '../errors.ts';
import type { ReloadEvent } from '../events.ts';
import { refuseSameSockets } from '../listener/socket-plan.ts';
import type { ChildOptions, SupervisorOptions } from '../options/options.ts';
import { invalidOption } from '../options/rules.ts';
import { refuseSameNames, resolveChild, withSinks } from '../options/settings.ts';
import { validateChildOptions, validateInstances } from '../options/validation.ts';
import { readRelease, type Release, type Scaling } from './release.ts';
import { Rollout, rolloutError, startNew, type RolloutSurroundings } from './rollout.ts';
import { Slots } from './slots.ts';

/** What operations need of their supervisor. */
export interface OperationSurroundings extends RolloutSurroundings {
  /** Resolves when there is something to operate on. Throws `NOT_STARTED`, `STOPPED`. */
  started(): Promise<void>;
  reloaded(event: ReloadEvent): unknown;
  /** Hears when a reload begins, and when it is over. */
  readonly service: { reloading(): void; ready(): void };
}

/** What is done to the children of a running supervisor: one thing at a time, so that nothing mixes. */
export class Operations {
  readonly #surroundings: OperationSurroundings;
  readonly #configure: SupervisorOptions['configure'];
  readonly #turns = new Slots(1);
  /** The release that runs, or that a failed reload was to take the place of. */
  #release: Release;
  #scalings: ReadonlyMap<string, Scaling> = new Map();
  /** The reload that nothing has been asked for since, and that has not begun. */
  #nextReload: { options: SupervisorOptions | undefined; done: Promise<void> } | undefined;

  constructor(release: Release, surroundings: OperationSurroundings) {
    this.#release = release;
    this.#configure = release.options.configure;
    this.#surroundings = surroundings;
    for (const settings of release.children) surroundings.children.adopt(settings);
  }

  get release(): Release {
    return this.#release;
  }

  /** Several that wait are one: it takes the options that it finds when its turn has come. */
  async reload(options?: SupervisorOptions): Promise<void> {
    if (options) this.#read(options);
    const waiting = this.#nextReload;
    if (waiting) {
      waiting.options = options ?? waiting.options;
      return waiting.done;
    }
    const next = { options, done: Promise.resolve() };
    // One that is refused before it begins is none to join either.
    const begin = (): void => {
      if (this.#nextReload === next) this.#nextReload = undefined;
    };
    next.done = this.#inTurn(async () => {
      begin();
      await this.#reload(next.options);
    }).finally(begin);
    this.#nextReload = next;
    return next.done;
  }

  async restart(name: string): Promise<void> {
    await this.#inTurn(async () => {
      const { children } = this.#surroundings;
      const found = children.find(name);
      for (const child of found) children.unpark(child);
      const rollout = new Rollout(this.#surroundings, found);
      try {
        await rollout.anew(found, this.#release.reloadParallelism);
      } catch (cause) {
        throw rolloutError(`Restart of "${name}"`, cause, rollout);
      }
    });
  }

  async stop(name: string): Promise<void> {
    await this.#inTurn(async () => {
      const { children } = this.#surroundings;
      const found = children.find(name);
      for (const child of found) children.park(child);
      await Promise.all(found.map((child) => this.#end(child, 'told to stop')));
    });
  }

  async start(name: string): Promise<void> {
    await this.#inTurn(async () => {
      const { children } = this.#surroundings;
      const found = children.find(name).filter((child) => {
        const { state } = child.status();
        return children.isParked(child) || state === 'failed' || state === 'stopped';
      });
      await allOf(found, async (child) => {
        children.unpark(child);
        child.revive();
        await child.start();
      });
    });
  }

  async scale(group: string, instances: number): Promise<void> {
    validateInstances(instances);
    await this.#inTurn(async () => {
      const { children, sockets } = this.#surroundings;
      const configured = this.#sizeOf(group);
      const scalings = new Map(this.#scalings).set(group, { configured, instances });
      const release = this.#read(this.#release.options, scalings);
      const targets = release.children.filter((target) => target.group === group);
      const missing = targets.filter(({ name }) => !children.get(name));
      const surplus = children
        .configured()
        .filter(
          ({ settings }) => settings.group === group && !targets.some(({ name }) => name === settings.name),
        );
      try {
        await sockets.bind(missing.flatMap((target) => target.sockets));
        await allOf(missing, async (target) => startNew(target, this.#surroundings));
      } catch (error) {
        await this.#removeAll(missing.flatMap(({ name }) => children.get(name) ?? []));
        throw error;
      }
      // The highest numbers.
      await this.#removeAll(surplus);
      this.#scalings = scalings;
      this.#release = release;
    });
  }

  /** Not in turn: it is there at once, and starts on its own. */
  add(options: ChildOptions): Child {
    validateChildOptions(options);
    if (options.instances !== undefined || options.after !== undefined) {
      throw invalidOption(
        `Child "${options.name}" is added alone: it has neither \`instances\` nor \`after\``,
      );
    }
    const { children, stopping } = this.#surroundings;
    stopping.throwIfAborted();
    const { sockets, options: present } = this.#release;
    const [settings] = resolveChild(withSinks(options, present), sockets);
    if (!settings) throw invalidOption('Expected one child');
    const others = children.all().map((child) => child.settings);
    refuseSameNames([...others, settings, ...(present.children ?? []).filter(({ instances }) => instances)]);
    const taken = new Map(others.flatMap(({ ownSockets }) => ownSockets.map((own) => [own.key, own])));
    refuseSameSockets([...sockets, ...taken.values(), ...settings.ownSockets]);
    const child = children.adopt(settings, { alone: true });
    child.startPersistently();
    return child;
  }

  async remove(child: Child): Promise<void> {
    this.#nextReload = undefined;
    // Also while the supervisor stops: then this is that stop.
    await this.#turns.take(async () => this.#removeAll([child]));
  }

  async #inTurn(action: () => Promise<void>): Promise<void> {
    this.#nextReload = undefined;
    await this.#turns.take(async () => {
      await this.#surroundings.started();
      this.#surroundings.stopping.throwIfAborted();
      try {
        await action();
      } finally {
        this.#closeUnusedSockets();
      }
    });
  }

  async #reload(given: SupervisorOptions | undefined): Promise<void> {
    const rollout = new Rollout(this.#surroundings);
    const startedAt = nowMs();
    this.#surroundings.service.reloading();
    const report = (outcome: 'done' | 'failed', error?: SupervisorError): void => {
      const { replaced, left } = rollout;
      if (!this.#surroundings.stopping.aborted) this.#surroundings.service.ready();
      const durationMs = Math.round(nowMs() - startedAt);
      this.#surroundings.reloaded({ outcome, replaced, left, durationMs, ...(error && { error }) });
    };
    try {
      const release = this.#read(given ?? (await this.#configured()));
      await rollout.toRelease(release);
      this.#release = release;
      this.#scalings = stillValid(this.#scalings, release);
    } catch (cause) {
      const error = rolloutError('Reload', cause, rollout);
      report('failed', error);
      throw error;
    }
    report('done');
  }

  async #configured(): Promise<SupervisorOptions> {
    if (!this.#configure) return this.#release.options;
    try {
      return await this.#configure();
    } catch (cause) {
      if (cause instanceof SupervisorError) throw cause;
      const reason = reasonOf(cause);
      throw new SupervisorError('CONFIG_NOT_LOADED', `The function \`configure\` failed: ${reason}`, {
        cause,
      });
    }
  }

  #read(options: SupervisorOptions, scalings = this.#scalings): Release {
    const alone = this.#surroundings.children.alone().map(({ settings }) => settings);
    return readRelease(options, scalings, alone);
  }

  /** The `instances` of a group. Throws `UNKNOWN_CHILD`, `INVALID_OPTION`. */
  #sizeOf(group: string): number {
    const options = this.#release.options.children?.find(({ name }) => name === group);
    if (options?.instances !== undefined) return options.instances;
    this.#surroundings.children.find(group);
    throw invalidOption(
      `Child "${group}" cannot be scaled: it is no group, its options have no \`instances\``,
    );
  }

  async #removeAll(removed: readonly Child[]): Promise<void> {
    await Promise.all(
      removed.map(async (child) => {
        await this.#end(child, 'told to stop');
        this.#surroundings.children.remove(child);
      }),
    );
    this.#closeUnusedSockets();
  }

  /** Its own sockets first: whoever connects from now on is refused, and need not wait for an answer that never comes. */
  async #end(child: Child, reason: string): Promise<void> {
    const { children, sockets } = this.#surroundings;
    const others = children.all().filter((other) => other !== child);
    // After a reload that renamed a child and failed half-way, both may have them.
    const kept = new Set(others.flatMap(({ settings }) => settings.ownSockets.map(({ key }) => key)));
    // Else a crash in this moment would start a process with a descriptor that is somebody else's by then.
    child.retire();
    sockets.close(child.settings.ownSockets.filter(({ key }) => !kept.has(key)));
    await child.stop(reason);
  }

  #closeUnusedSockets(): void {
    const { children, sockets } = this.#surroundings;
    sockets.keepOnly([...this.#release.sockets, ...children.sockets()]);
  }
}

/** Without those whose options have said another number since. */
function stillValid(scalings: ReadonlyMap<string, Scaling>, { options }: Release): Map<string, Scaling> {
  const sizes = new Map(options.children?.map(({ name, instances }) => [name, instances]));
  return new Map([...scalings].filter(([group, { configured }]) => sizes.get(group) === configured));
}

/** Waits for all of them, then throws the first failure. */
async function allOf<T>(items: readonly T[], action: (item: T) => Promise<void>): Promise<void> {
  const outcomes = await Promise.allSettled(items.map(action));
  const failed = outcomes.find((outcome) => outcome.status === 'rejected');
  if (failed) throw failed.reason;
}
