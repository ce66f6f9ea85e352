/** Who has a client. */
export interface Holder {
  /** The server's process behind the client. */
  readonly processId: number | null;
  readonly heldMs: number;
  /** Where the client was asked for, innermost call first; undefined if stacks were not kept by then, see `captureStacks`. */
  readonly stack: string | undefined;
}

const mostPlaces = 5;

/** Says where the clients were taken that are out, in a line for each place; nothing if no place is known. */
export function describeHolders(holders: readonly Holder[]): string {
  const places = new Map<string, Holder[]>();
  for (const holder of holders) {
    const place = placeOf(holder);
    if (place) places.set(place, [...(places.get(place) ?? []), holder]);
  }
  const lines = [...places]
    .toSorted(([, some], [, others]) => others.length - some.length)
    .map(([place, { length }]) => `\n  ${length} taken ${place}`);
  const more = lines.length > mostPlaces ? [`\n  and elsewhere`] : [];
  return [...lines.slice(0, mostPlaces), ...more].join('');
}

/** The innermost call, as "at name (file:line:column)". */
function placeOf({ stack }: Holder): string | undefined {
  return stack?.split('\n', 1)[0]?.trim();
}

/** Tells of a holder where nobody listens. */
export function warnOf(
  event: 'leak' | 'heldTooLong',
  poolName: string,
  { processId, heldMs, stack }: Holder,
): void {
  const what =
    event === 'leak'
      ? `was collected as garbage without release, ${heldMs} ms after it was taken`
      : `has been out for ${heldMs} ms`;
  process.emitWarning(`Pool '${poolName}': the client of process ${processId} ${what}`, {
    type: 'PoolWarning',
    code: event === 'leak' ? 'CLIENT_FORGOTTEN' : 'CLIENT_HELD_TOO_LONG',
    detail: stack ?? 'Later ones come with the stack that took them, unless `captureStacks` is false.',
  });
}
