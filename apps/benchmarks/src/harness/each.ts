/** One of each, by name. */
export function each<Name extends string, T>(names: readonly Name[], of: (name: Name) => T): Record<Name, T> {
  return Object.fromEntries(names.map((name) => [name, of(name)])) as Record<Name, T>;
}

export function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
