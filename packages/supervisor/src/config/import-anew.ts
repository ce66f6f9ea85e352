import { pathToFileURL } from 'node:url';
import { packageRoot } from '../package-root.ts';

/**
 * The default export of a module as its file is now. Node.js keeps every module that it has loaded: from the second time on the
 * file gets another address. So does what it imports, where Node.js lets us say so (22.15 and later), and what it requires,
 * everywhere; packages in node_modules stay as they are.
 */
export async function importAnew(path: string): Promise<unknown> {
  generation += 1;
  const url = pathToFileURL(path);
  if (generation === 1) return defaultOf(await import(url.href));
  forgetRequired(path);
  url.searchParams.set(GENERATION, String(generation));
  const hooks = nodeModule().registerHooks?.({ resolve: inGeneration(url.search) });
  try {
    return defaultOf(await import(url.href));
  } finally {
    hooks?.deregister();
  }
}

const GENERATION = 'supervisor-generation';
let generation = 0;

function defaultOf(loaded: unknown): unknown {
  return (loaded as { default?: unknown }).default;
}

/** As far as we use it; it is younger than the types that we compile with. */
interface ResolveContext {
  readonly parentURL?: string;
  readonly conditions: readonly string[];
}
type NextResolve = (specifier: string, context: ResolveContext) => { url: string };
type RegisterHooks = (hooks: {
  resolve: (specifier: string, context: ResolveContext, next: NextResolve) => { url: string };
}) => { deregister(): void };

// Nobody with a JSON file needs node:module.
function nodeModule() {
  const module = process.getBuiltinModule('node:module');
  return module as typeof module & { registerHooks?: RegisterHooks };
}

/** What a module of this generation imports is of this generation as well. */
function inGeneration(search: string) {
  return (specifier: string, context: ResolveContext, next: NextResolve): { url: string } => {
    const resolved = next(specifier, context);
    const isOurs = context.parentURL?.endsWith(search) && context.conditions.includes('import');
    return isOurs && isPartOfConfig(resolved.url) ? { ...resolved, url: resolved.url + search } : resolved;
  };
}

function isPartOfConfig(url: string): boolean {
  return url.startsWith('file:') && !url.includes('/node_modules/') && !url.startsWith(packageRoot.href);
}

/** A CommonJS file, and those that it required. */
function forgetRequired(path: string): void {
  const { cache } = nodeModule().createRequire(import.meta.url);
  const forget = (id: string): void => {
    const found = cache[id];
    if (!found || !isPartOfConfig(pathToFileURL(id).href)) return;
    delete cache[id];
    for (const child of found.children) forget(child.id);
  };
  forget(path);
}
