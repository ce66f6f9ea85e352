import { Server } from 'node:net';
import { setImmediate as turnOfTheLoop } from 'node:timers/promises';

/** The longest backlog that `listen()` asks for by default, so an end for a stream of connections that has none. */
const MOST_TURNS = 511;

/** The door of one server. */
export interface Listener {
  /** Resolves when no more connections are accepted; those that are open go on. */
  readonly close: () => Promise<void>;
  readonly closeNow: () => void;
  readonly dispose: () => void;
}

/**
 * Connections that wait in the kernel's backlog are reset when the listening socket closes, together with the requests that they
 * carry. So the door is closed behind a turn of the event loop that found nobody waiting: libuv accepts one connection a turn.
 * The backlog's size stays as it is: the socket may be somebody else's too, and a full one makes clients wait.
 */
export function listenerOf(server: Server): Listener {
  let accepted = 0;
  let closed: Promise<void> | undefined;
  const count = (): void => void (accepted += 1);

  const waitAndClose = async (): Promise<void> => {
    // A listen() that still looks up its host would open the door again.
    server.on('listening', closeNow);
    if (!server.listening) return;
    server.on('connection', count);
    // Immediates run behind the poll for connections.
    await turnOfTheLoop();
    for (let turn = 0, before = -1; turn < MOST_TURNS && accepted !== before; turn += 1) {
      before = accepted;
      await turnOfTheLoop();
    }
    closeNow();
  };

  /**
   * net's close() also for HTTP: since Node 19 http's own destroys idle keep-alive sockets at once, and each loses the request
   * that is already on its way. A listener that somebody else holds too stays open for him.
   */
  const closeNow = (): void => {
    if (server.listening) Server.prototype.close.call(server);
  };

  return {
    close: () => (closed ??= waitAndClose()),
    closeNow,
    dispose: () => void server.off('listening', closeNow).off('connection', count),
  };
}
