import { quoted } from './quoted.ts';

/** Files are named by what is in them: they never change, and nobody has to ask twice. */
export function staticFiles(folder: string): string {
  return `location /static/ {
      alias ${quoted(`${folder}/`)};
      expires max;
      access_log off;
      add_header X-Content-Type-Options nosniff always;
    }`;
}

/** Its own list may be anywhere, or missing. */
export function mediaTypes(): string {
  return `default_type application/octet-stream;
  types {
    ${Object.entries(MEDIA_TYPES)
      .map(([type, extensions]) => `${type} ${extensions};`)
      .join('\n    ')}
  }`;
}

const MEDIA_TYPES = {
  'text/html': 'html',
  'text/css': 'css',
  'text/plain': 'txt',
  'text/javascript': 'js mjs',
  'application/json': 'json map',
  'application/manifest+json': 'webmanifest',
  'application/wasm': 'wasm',
  'image/svg+xml': 'svg',
  'image/png': 'png',
  'image/jpeg': 'jpg jpeg',
  'image/webp': 'webp',
  'image/gif': 'gif',
  'image/x-icon': 'ico',
  'font/woff2': 'woff2',
  'audio/mpeg': 'mp3',
};
