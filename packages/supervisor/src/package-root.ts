/**
 * The folder of this package. The files of `dist` are not those of the sources: only this module, which is in the outermost folder
 * of both, may tell places by its own.
 */
export const packageRoot = new URL('../', import.meta.url);
