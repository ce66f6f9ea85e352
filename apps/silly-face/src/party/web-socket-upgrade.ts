import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** The answer that makes a WebSocket of the connection (RFC 6455, 4.2.2); undefined when it was not asked for as it should be. */
export function upgradeAnswer({ method, headers }: IncomingMessage): string | undefined {
  const { upgrade, 'sec-websocket-key': key, 'sec-websocket-version': version } = headers;
  if (method !== 'GET' || upgrade?.toLowerCase() !== 'websocket' || version !== '13') return undefined;
  if (key === undefined || !KEY.test(key)) return undefined;
  const accept = createHash('sha1').update(`${key}${GUID}`).digest('base64');
  return `HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`;
}

/** 16 bytes in base64. */
const KEY = /^[+/0-9A-Za-z]{22}==$/;
/** RFC 6455, 1.3. */
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
