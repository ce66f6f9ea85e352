/** Who may be left when a supervisor dies. */
export const kinds = [
  'child',
  'blocked child',
  'child that is not Node.js',
  'grandchild',
  'grandchild in a session of its own',
] as const;

export type Kind = (typeof kinds)[number];

/** What stands in the environment of each, so that it is found; no kind's mark contains that of another one. */
export function marked(mark: string, kind: Kind): string {
  return `${mark}-${kinds.indexOf(kind)}-`;
}
