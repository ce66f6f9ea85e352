import { invalidOption } from './validation.ts';

/** Does something with every child, with each after those that it has to wait for. */
export async function inOrder<T>(
  children: readonly T[],
  waitsFor: (child: T) => readonly T[],
  action: (child: T) => Promise<void>,
): Promise<void> {
  const done = new Map<T, Promise<void>>();
  const visit = async (child: T): Promise<void> => {
    await Promise.all(waitsFor(child).map(visitOnce));
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
  children: readonly { readonly name: string; readonly after: readonly string[] }[],
): void {
  const placed = new Set<string>();
  let waiting = children;
  while (waiting.length > 0) {
    const stuck = waiting.filter((child) => !child.after.every((name) => placed.has(name)));
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
