import { EventEmitter, once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { findSource } from './source-map.ts';
import { WebSocketClient } from './web-socket.ts';

/** A place in the code that blocks, innermost first in a list. Lines and columns count from 1. */
export interface BlockedFrame {
  readonly functionName: string;
  /** The path of the file, or the name that Node.js has for what is none. */
  readonly file: string;
  readonly line: number;
  readonly column: number;
}

/**
 * Pauses the main thread by its inspector and reads what is on the stack. The thread stays paused until `signal` ends the
 * connection. Rejects when the inspector goes away or `signal` comes before the answer.
 */
export async function readCallFrames(url: string, signal: AbortSignal): Promise<BlockedFrame[]> {
  const scripts = new Map<string, Script>();
  const messages = new EventEmitter<{ paused: [readonly CallFrame[]]; error: [Error] }>();
  const paused = once(messages, 'paused') as Promise<[readonly CallFrame[]]>;
  const inspector = await WebSocketClient.connect(url, signal, {
    message: (text) => {
      const message = JSON.parse(text) as InspectorMessage;
      if (message.method === 'Debugger.scriptParsed') scripts.set(message.params.scriptId, message.params);
      if (message.method === 'Debugger.paused') messages.emit('paused', message.params.callFrames);
    },
    // The end of the connection after the answer is ours.
    end: (error) => messages.listenerCount('error') > 0 && messages.emit('error', error),
  });
  inspector.send(JSON.stringify({ id: 1, method: 'Debugger.enable' }));
  inspector.send(JSON.stringify({ id: 2, method: 'Debugger.pause' }));
  const [callFrames] = await paused;
  return toFrames(callFrames, scripts);
}

/** Of the Chrome DevTools Protocol what we hear. */
type InspectorMessage =
  | { method: 'Debugger.scriptParsed'; params: Script }
  | { method: 'Debugger.paused'; params: { callFrames: readonly CallFrame[] } }
  | { method?: never };

interface Script {
  readonly scriptId: string;
  readonly url: string;
  readonly sourceMapURL?: string;
}

interface CallFrame {
  readonly functionName: string;
  readonly location: {
    readonly scriptId: string;
    readonly lineNumber: number;
    readonly columnNumber?: number;
  };
}

/** Without the parts of Node.js that called the code: they are the same for all. In the sources where there are source maps. */
async function toFrames(
  callFrames: readonly CallFrame[],
  scripts: ReadonlyMap<string, Script>,
): Promise<BlockedFrame[]> {
  const frames = callFrames
    .map((frame) => ({ ...frame, script: scripts.get(frame.location.scriptId) }))
    .filter(({ script }) => !script?.url.startsWith('node:internal/'));
  const outermost = frames.findLastIndex(({ script }) => !script?.url.startsWith('node:'));
  // Opening its inspector, Node.js emits a message for node:cluster, on top of whatever is interrupted.
  const innermost = frames.findIndex(
    ({ functionName, script }) => functionName !== 'emit' || script?.url !== 'node:events',
  );
  const told = frames
    .slice(Math.max(0, innermost), outermost === -1 ? undefined : outermost + 1)
    .slice(0, MAX_FRAMES);
  return Promise.all(
    told.map(async ({ functionName, script, location }) => {
      const compiled = {
        url: script?.url ?? '',
        line: location.lineNumber,
        column: location.columnNumber ?? 0,
      };
      const { url, line, column } = await findSource(compiled, script?.sourceMapURL);
      return {
        functionName: functionName || '(anonymous)',
        file: toPath(url),
        line: line + 1,
        column: column + 1,
      };
    }),
  );
}

const MAX_FRAMES = 10;

function toPath(url: string): string {
  if (url === '') return '(evaluated code)';
  return url.startsWith('file:') ? fileURLToPath(url) : url;
}
