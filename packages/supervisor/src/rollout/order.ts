import { invalidOption } from '../options/rules.ts';

/** Where a child stands: `after` names children, and groups of them. */
export interface Place {
  readonly name: string;
  readonly group: string | undefined;
  readonly after: readonly string[];
}

/** Does something with every child, with each after those that it has to wait for. */
export async function inStartOrder<T>(
  children: readonly T[],
  placeOf: (child: T) => Place,
  action: (child: T) => Promise<void>,
): Promise<void> {
  await inOrder(children, (child, other) => waits(placeOf(child), placeOf(other)), action);
}

/** The same, with each after those that wait for it. */
export async function inStopOrder<T>(
  children: readonly T[],
  placeOf: (child: T) => Place,
  action: (child: T) => Promise<void>,
): Promise<void> {
  await inOrder(children, (child, other) => waits(placeOf(other), placeOf(child)), action);
}

export function waits({ after }: Place, { name, group }: Place): boolean {
  return after.includes(name) || (group !== undefined && after.includes(group));
}

async function inOrder<T>(
  children: readonly T[],
  comesAfter: (child: T, other: T) => boolean,
  action: (child: T) => Promise<void>,
): Promise<void> {
  const done = new Map<T, Promise<void>>();
  const onTheWay = new Set<T>();
  const visit = async (child: T): Promise<void> => {
    onTheWay.add(child);
    // After a reload that failed half-way old and new children may wait for each other: one of them has to go first.
    const first = children.filter((other) => !onTheWay.has(other) && comesAfter(child, other)).map(visitOnce);
    onTheWay.delete(child);
    await Promise.all(first);
    await action(child);
  };
  const visitOnce = (child: T): Promise<void> => {
    const visited = done.get(child) ?? visit(child);
    done.set(child, visited);
    return visited;
  };
  await Promise.all(children.map(visitOnce));
}

/** Throws `INVALID_OPTION` when children wait for each other. */
export function refuseCycles(
  children: readonly { readonly name: string; readonly after?: readonly string[] }[],
): void {
  const placed = new Set<string>();
  let waiting = children;
  while (waiting.length > 0) {
    const stuck = waiting.filter((child) => !(child.after ?? []).every((name) => placed.has(name)));
    if (stuck.length === waiting.length) {
      const names = stuck.map((child) => `"${child.name}"`).join(', ');
      throw invalidOption(
        `Expected \`after\` to have no cycle, but these children wait for each other: ${names}`,
      );
    }
    for (const child of waiting) if (!stuck.includes(child)) placed.add(child.name);
    waiting = stuck;
  }
}
