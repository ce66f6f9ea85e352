import { readFile, stat } from 'node:fs/promises';
import type { SourceMap } from 'node:module';
import { fileURLToPath } from 'node:url';

/** A place in a file: lines and columns count from 0. */
export interface Place {
  readonly url: string;
  readonly line: number;
  readonly column: number;
}

/**
 * Where a place in compiled code comes from. The place itself where there is no map, or none that can be read: a stack with the
 * compiled places is better than none.
 */
export async function findSource(place: Place, mapUrl: string | undefined): Promise<Place> {
  if (!mapUrl || !place.url.startsWith('file:')) return place;
  try {
    const base = mapUrl.startsWith('data:') ? place.url : new URL(mapUrl, place.url).href;
    const payload = await readMap(mapUrl.startsWith('data:') ? mapUrl : base);
    const entry =
      payload &&
      new (process.getBuiltinModule('node:module').SourceMap)(payload).findEntry(place.line, place.column);
    if (!entry || !('originalSource' in entry)) return place;
    const root = payload.sourceRoot ? `${payload.sourceRoot.replace(/\/$/, '')}/` : '';
    const url = new URL(root + entry.originalSource, base).href;
    return { url, line: entry.originalLine, column: entry.originalColumn };
  } catch {
    return place;
  }
}

type Payload = ConstructorParameters<typeof SourceMap>[0];

/** Nothing of what is too big to be read in passing: the child waits for its end, and other children for us. */
async function readMap(url: string): Promise<Payload | undefined> {
  if (url.startsWith('data:')) {
    const [kind = '', data = ''] = url.split(',', 2);
    if (data.length > MAX_MAP_BYTES) return undefined;
    const text = kind.endsWith(';base64') ? Buffer.from(data, 'base64').toString() : decodeURIComponent(data);
    return JSON.parse(text) as Payload;
  }
  const path = fileURLToPath(url);
  if ((await stat(path)).size > MAX_MAP_BYTES) return undefined;
  return JSON.parse(await readFile(path, 'utf8')) as Payload;
}

const MAX_MAP_BYTES = 2 * 1024 * 1024;
