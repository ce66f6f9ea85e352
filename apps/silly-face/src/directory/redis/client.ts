import { once } from 'node:events';
import type { CommandParser } from 'redis';
import { PROCESS_SCRIPTS } from './process-scripts.ts';
import { ROOM_SCRIPTS } from './room-scripts.ts';

const SCRIPTS = { ...PROCESS_SCRIPTS, ...ROOM_SCRIPTS };

export type ScriptName = keyof typeof SCRIPTS;

/** What is used of the client of the package `redis`. */
export interface Client {
  readonly isReady: boolean;
  /** How the attempt ends that is under way, or the next one. */
  attempt(signal: AbortSignal): Promise<unknown>;
  run(name: ScriptName, keys: readonly string[], args: readonly string[]): Promise<unknown>;
  set(key: string, value: string, ttlMs: number): Promise<unknown>;
  takeOut(key: string): Promise<string | null>;
  isUnavailable(error: unknown): boolean;
  destroy(): void;
}

const LONGEST_PAUSE_MS = 1000;

/** What Redis answers while it loads its file, has no memory or disk left, or is not the one that may be written to. */
const NOT_NOW = /^(?:LOADING|OOM|MISCONF|BUSY|READONLY|MASTERDOWN|NOREPLICAS|CLUSTERDOWN|TRYAGAIN|MOVED)\b/;

/**
 * Begins to connect, reconnects by itself for ever, and keeps nothing to be sent later. The package is loaded only where there is
 * a Redis, because it makes a start a tenth of a second longer.
 */
export async function startClient(url: string, answerMs: number): Promise<Client> {
  const { createClient, defineScript, ErrorReply } = await import('redis');
  const script = (text: string) =>
    defineScript({
      SCRIPT: text,
      parseCommand(parser: CommandParser, keys: readonly string[], args: readonly string[]): void {
        parser.pushKeysLength([...keys]);
        parser.push(...args);
      },
      transformReply: (reply: unknown): unknown => reply,
    });
  const scripts = Object.fromEntries(
    Object.entries(SCRIPTS).map(([name, text]) => [name, script(text)]),
  ) as Record<ScriptName, ReturnType<typeof script>>;
  const client = createClient({
    url,
    scripts,
    name: 'silly-face-directory',
    disableClientInfo: true,
    maintNotifications: 'disabled',
    disableOfflineQueue: true,
    commandOptions: { timeout: answerMs },
    socket: {
      connectTimeout: answerMs,
      // A server that is frozen, or behind a broken network, is left. Without pings an idle connection would look the same.
      socketTimeout: 2 * answerMs,
      reconnectStrategy: (retries) =>
        Math.min(50 * 2 ** retries, LONGEST_PAUSE_MS) * (0.75 + Math.random() / 4),
    },
    pingInterval: answerMs,
  });
  // Those who ask are told; in between there is nobody to tell.
  client.on('error', () => {});
  // Fulfilled when it is connected for the first time. How an attempt fails is an event.
  client.connect().catch(() => {});
  return {
    get isReady() {
      return client.isReady;
    },
    attempt: (signal) => once(client, 'ready', { signal }),
    run: (name, keys, args) => client[name](keys, args),
    set: (key, value, ttlMs) => client.set(key, value, { expiration: { type: 'PX', value: ttlMs } }),
    takeOut: (key) => client.getDel(key),
    isUnavailable: (error) =>
      error instanceof ErrorReply ? NOT_NOW.test(error.message) : !(error instanceof TypeError),
    destroy: () => client.destroy(),
  };
}
