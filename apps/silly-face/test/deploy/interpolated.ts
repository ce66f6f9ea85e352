/** With variables as Compose puts them in: `${NAME}`, `${NAME:-instead}`, `${NAME:?}`, one in the other. Throws for one that is needed. */
export function interpolated(text: string, variables: Readonly<Record<string, string>>): string {
  const innermost = /(?<!\$)\$\{(\w+)(?::([-?])([^${}]*))?\}/g;
  const next = text.replace(innermost, (_, name: string, kind?: string, instead = '') => {
    const value = variables[name];
    if (value) return value;
    if (kind === '?') throw new Error(`${name} has to be set`);
    return instead as string;
  });
  return next === text ? text : interpolated(next, variables);
}
