/** As a signature has it: RFC 3986. */
export const escaped = (text: string): string =>
  encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`,
  );

/** A key in a path: its slashes stay. */
export const escapedKey = (key: string): string =>
  PLAIN.test(key) ? key : key.split('/').map(escaped).join('/');

const PLAIN = /^[\w.~/-]*$/;
