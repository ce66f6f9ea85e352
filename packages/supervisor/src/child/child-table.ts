import { SupervisorError } from '../errors.ts';
import type { SocketPlan } from '../listener/socket-plan.ts';
import type { ChildSettings } from '../options/settings.ts';
import { Child } from './child.ts';
import type { ChildSurroundings } from './surroundings.ts';

/** The children of a supervisor, by name. */
export class ChildTable {
  readonly #surroundings: ChildSurroundings;
  readonly #children = new Map<string, Child>();
  /** Those that were added alone: no options of the supervisor name them, so no reload removes them. */
  readonly #alone = new Set<Child>();
  /** Those that were told to stop by name: no reload starts them. */
  readonly #parked = new Set<Child>();

  constructor(surroundings: ChildSurroundings) {
    this.#surroundings = surroundings;
  }

  adopt(settings: ChildSettings, { alone = false } = {}): Child {
    const child = new Child(settings, this.#surroundings);
    this.#children.set(settings.name, child);
    if (alone) this.#alone.add(child);
    return child;
  }

  /** Ends all their processes at once; what runs after that is soon over. */
  kill(): void {
    this.#surroundings.exitHooks.hurry();
    for (const child of this.all()) child.kill();
  }

  /** What runs after the ends of their processes is over. */
  async settled(): Promise<void> {
    await this.#surroundings.exitHooks.settled();
  }

  remove(child: Child): void {
    this.#children.delete(child.settings.name);
    this.#alone.delete(child);
    this.#parked.delete(child);
  }

  /** Puts them in this order; others keep theirs, after them. */
  sort(names: readonly string[]): void {
    const sorted = names.flatMap((name) => this.#children.get(name) ?? []);
    const all = new Set([...sorted, ...this.#children.values()]);
    this.#children.clear();
    for (const child of all) this.#children.set(child.settings.name, child);
  }

  get(name: string): Child | undefined {
    return this.#children.get(name);
  }

  all(): Child[] {
    return [...this.#children.values()];
  }

  alone(): Child[] {
    return [...this.#alone];
  }

  /** Those that the options of the supervisor name. */
  configured(): Child[] {
    return this.all().filter((child) => !this.#alone.has(child));
  }

  /** A name stands for one child, or for a group. Throws `UNKNOWN_CHILD`. */
  find(name: string): Child[] {
    const found = this.all().filter(({ settings }) => this.isMeant(settings.name, name));
    if (found.length > 0) return found;
    const known = this.all().map(({ settings }) => `"${settings.name}"`);
    const others = known.length > 0 ? `; there are ${known.join(', ')}` : '';
    throw new SupervisorError('UNKNOWN_CHILD', `There is no child "${name}"${others}`, { child: name });
  }

  /** Whether `name` is that of the child, or of its group. */
  isMeant(child: string, name: string): boolean {
    return child === name || this.#children.get(child)?.settings.group === name;
  }

  park(child: Child): void {
    this.#parked.add(child);
  }

  unpark(child: Child): void {
    this.#parked.delete(child);
  }

  isParked(child: Child): boolean {
    return this.#parked.has(child);
  }

  /** The sockets that children have, or may have at their next start. */
  sockets(): SocketPlan[] {
    return this.all().flatMap(({ settings }) => settings.sockets);
  }
}
