interface Keyed {
  readonly key: string;
}

/** One line of a listing: a record, or all that is below a common prefix, rolled up. */
export type PageItem<Item extends Keyed = Keyed> = { readonly record: Item } | { readonly prefix: string };

export interface PageQuery {
  readonly prefix: string;
  /** Rolls up what follows its first occurrence behind the prefix; empty for none. */
  readonly delimiter: string;
  readonly limit: number;
  /** Where the page before this one ended. */
  readonly after: { readonly key: string } | { readonly prefix: string } | undefined;
}

export interface Page<Item extends Keyed> {
  readonly items: readonly PageItem<Item>[];
  /** The last line, where more would follow it. */
  readonly next: PageItem<Item> | undefined;
}

/** Cuts a page out of records that stand in the order of their keys' bytes. */
export function pageOf<Item extends Keyed>(
  records: readonly Item[],
  { prefix, delimiter, limit, after }: PageQuery,
): Page<Item> {
  const items: PageItem<Item>[] = [];
  if (limit === 0) return { items, next: undefined };
  let rolledUp: string | undefined = after && 'prefix' in after ? after.prefix : undefined;
  for (const record of records) {
    const { key } = record;
    if (!key.startsWith(prefix) || (after && !isAfter(key, after))) continue;
    if (rolledUp !== undefined && key.startsWith(rolledUp)) continue;
    if (items.length === limit) return { items, next: items.at(-1) };
    const end = delimiter === '' ? -1 : key.indexOf(delimiter, prefix.length);
    if (end === -1) items.push({ record });
    else {
      rolledUp = key.slice(0, end + delimiter.length);
      items.push({ prefix: rolledUp });
    }
  }
  return { items, next: undefined };
}

function isAfter(key: string, after: { readonly key: string } | { readonly prefix: string }): boolean {
  const last = 'key' in after ? after.key : after.prefix;
  return Buffer.compare(Buffer.from(key), Buffer.from(last)) > 0;
}
